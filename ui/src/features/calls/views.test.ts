import { expect, test } from "vitest";

import type { View } from "@/features/calls/views";
import { MOST_VIEWS, parseViews, viewOf, withView } from "@/features/calls/views";

const failed: View = { name: "Failed", search: { outcome: "error", since: "24h" } };

test("a view comes back as it was kept, and a broken one is left out", () => {
  expect(parseViews(JSON.stringify([failed]))).toMatchObject([failed]);
  expect(parseViews(JSON.stringify([{ name: "Old", search: { outcome: "gone" } }, { name: "" }, 3, null]))).toMatchObject([{ name: "Old", search: {} }]);
  expect([parseViews(null), parseViews("{"), parseViews('"x"')]).toEqual([[], [], []]);
});

test("the same name is replaced, and the oldest makes room", () => {
  expect(withView([failed], { name: "Failed", search: { outcome: "cut" } })).toEqual([{ name: "Failed", search: { outcome: "cut" } }]);
  const many = Array.from({ length: MOST_VIEWS }, (_, at) => ({ name: `${at}`, search: {} }));
  const full = withView(many, failed);
  expect([full.length, full[0]?.name, full.at(-1)?.name]).toEqual([MOST_VIEWS, "Failed", `${MOST_VIEWS - 2}`]);
});

test("a view is known again by what it shows, in whatever order it is said", () => {
  expect(viewOf([failed], { since: "24h", outcome: "error", agent: undefined })).toEqual(failed);
  expect(viewOf([failed], { since: "24h" })).toBeUndefined();
});
