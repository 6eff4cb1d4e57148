import { expect, test } from "vitest";

import { happenings } from "@/features/tasks/happenings";
import { aComment, aDeliverable, aRun, aTask } from "@/testing/rows";

test("a run begins and ends, and what it said last stands with its end", () => {
  const ended = aRun({ state: "failed", reason: "timeout", summary: "Two of four sections.", ended_at: "2026-11-23T10:30:00.000000Z" });
  const told = happenings({ task: aTask({ state_since: "2026-11-23T10:30:00.500000Z" }), runs: [ended] });
  expect(told.map((each) => each.kind === "event" && each.what)).toEqual(["Run 1 failed", "Created", "Run 1 began"]);
  expect(told[0]).toMatchObject({ tone: "wrong", text: "it took too long\n\nTwo of four sections." });
});

test("a state that nothing else explains is told with its reason", () => {
  const told = happenings({ task: aTask({ state: "ready", state_since: "2026-11-23T12:00:00.000000Z", note: "Sources are missing." }), runs: [] });
  expect(told[0]).toMatchObject({ what: "Now ready", text: "Sources are missing." });
});

test("talk, versions and runs stand in one line of time, newest first", () => {
  const told = happenings({
    task: aTask(),
    runs: [aRun()],
    comments: [aComment({ created_at: "2026-11-23T10:20:00.000000Z" })],
    deliverables: [aDeliverable([{ number: 1, draft: true, created_at: "2026-11-23T10:10:00.000000Z" }])],
  });
  expect(told.map((each) => each.kind)).toEqual(["said", "event", "event", "event"]);
  expect(told[1]).toMatchObject({ what: "Version 1 handed in as a draft", who: "research" });
});
