import { expect, test } from "vitest";

import { nextCard } from "@/features/tasks/walk-cards";

/** Two cards, an empty column, then two others that stand a little lower. */
const SPOTS = [
  { left: 0, top: 0 },
  { left: 0, top: 120 },
  { left: 400, top: 30 },
  { left: 400, top: 160 },
  { left: 600, top: 0 },
];

test("up and down walk a column and stop at its ends", () => {
  expect(nextCard(SPOTS, 0, "ArrowDown")).toBe(1);
  expect(nextCard(SPOTS, 1, "ArrowUp")).toBe(0);
  expect(nextCard(SPOTS, 1, "ArrowDown")).toBeUndefined();
});

test("left and right lead to the card at that height in the nearest column that has any", () => {
  expect(nextCard(SPOTS, 1, "ArrowRight")).toBe(3);
  expect(nextCard(SPOTS, 0, "ArrowRight")).toBe(2);
  expect(nextCard(SPOTS, 4, "ArrowLeft")).toBe(2);
  expect(nextCard(SPOTS, 0, "ArrowLeft")).toBeUndefined();
});

test("a card of another lane that is scrolled out of sight is not beside one that happens to be at its height", () => {
  expect(nextCard([{ left: 0, top: 500 }, { left: 200, top: 500, out: true }, { left: 200, top: 530 }], 0, "ArrowRight")).toBe(2);
});
