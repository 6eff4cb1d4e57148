import { expect, test } from "vitest";

import { between } from "@/features/tasks/selection";

test("a range runs from the last picked to this one, in whichever direction", () => {
  const ids = ["a", "b", "c", "d"];
  expect(between(ids, "b", "d")).toEqual(["b", "c", "d"]);
  expect(between(ids, "d", "b")).toEqual(["b", "c", "d"]);
  expect(between(ids, "gone", "c")).toEqual(["c"]);
});
