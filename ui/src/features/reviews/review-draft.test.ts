import { expect, test } from "vitest";

import { EMPTY, says, toReview, withMet, withNote, withoutNote } from "@/features/reviews/review-draft";

const note = { line: 4, quote: "Five competitors", text: "Four, not five." };

test("notes on lines and the message become one review of that version", () => {
  const draft = withNote(withNote({ ...EMPTY, body: " Nearly there. " }, note), { line: 1, quote: "# Title", text: "Shorter." });
  expect(toReview("request_changes", draft, { deliverableId: "del_1", number: 3 })).toEqual({
    verdict: "request_changes",
    body: "Nearly there.",
    comments: [
      { text: "Shorter.", line_from: 1, line_to: 1, quote: "# Title" },
      { text: "Four, not five.", line_from: 4, line_to: 4, quote: "Five competitors" },
    ],
    deliverable_id: "del_1",
    version: 3,
  });
});

test("criteria that nobody touched are left as they are", () => {
  expect(toReview("approve", EMPTY, undefined)).toEqual({ verdict: "approve", body: "", comments: [] });
  expect(toReview("approve", withMet(withMet(EMPTY, [0], 2), [0, 2], 0), undefined).met).toEqual([2]);
});

test("changes are asked for with words, or with a note on a line", () => {
  expect(says(EMPTY)).toBe(false);
  expect(says({ ...EMPTY, body: "  " })).toBe(false);
  expect(says(withNote(EMPTY, note))).toBe(true);
  expect(says(withoutNote(withNote(EMPTY, note), note))).toBe(false);
});
