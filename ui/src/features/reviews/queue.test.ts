import { expect, test } from "vitest";

import { beside, queueOf } from "@/features/reviews/queue";
import { aNeed, aTask } from "@/testing/rows";

const tasks = [
  aTask({ id: "new", state_since: "2026-11-23T12:00:00.000000Z" }),
  aTask({ id: "old", state_since: "2026-11-23T10:00:00.000000Z" }),
  aTask({ id: "mine", state_since: "2026-11-23T11:00:00.000000Z" }),
];

test("what waits for me comes first, then what waits longest", () => {
  const queue = queueOf(tasks, [aNeed({ subject_id: "mine" })]);
  expect(queue.map((each) => [each.task.id, each.mine])).toEqual([
    ["mine", true],
    ["old", false],
    ["new", false],
  ]);
});

test("next and previous walk the queue and stop at its ends", () => {
  const queue = queueOf(tasks, []);
  expect(beside(queue, "old", 1)?.id).toBe("mine");
  expect(beside(queue, "old", -1)).toBeUndefined();
  expect(beside(queue, "new", 1)).toBeUndefined();
  expect(beside(queue, "gone", 1)?.id).toBe("old");
});
