import { expect, test } from "vitest";

import { happenings } from "@/features/tasks/task-timeline";
import { aRun, aTask } from "@/testing/rows";

test("the newest thing that happened stands first, down to the task's creation", () => {
  const task = aTask({ state: "in_review", state_since: "2026-11-23T11:00:00.000000Z" });
  const run = aRun({ state: "succeeded", summary: "Done.", started_at: "2026-11-23T10:30:00.000000Z", ended_at: "2026-11-23T11:00:00.000000Z" });
  expect(happenings(task, [run]).map((each) => each.what)).toEqual(["Run 1 finished", "Run 1 began", "Created"]);
});

test("a move that no run explains is told by itself, with its note", () => {
  const task = aTask({ state: "ready", state_since: "2026-11-23T12:00:00.000000Z", note: "Cut section two." });
  expect(happenings(task, [])[0]).toMatchObject({ what: "Now ready", text: "Cut section two." });
});

test("a failed run says why", () => {
  const run = aRun({ state: "failed", reason: "timeout", summary: "Got to page 3.", ended_at: "2026-11-23T12:00:00.000000Z" });
  expect(happenings(aTask(), [run])[0]).toMatchObject({ tone: "wrong", text: "timeout\n\nGot to page 3." });
});
