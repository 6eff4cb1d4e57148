import { expect, test } from "vitest";

import { evidenceOf } from "@/features/tasks/task-cost";

const run = (run_id: string, classes: Record<string, number>) => ({ run_id, classes });

test("what is known of single calls leads to those calls", () => {
  expect(evidenceOf("tsk_1", "looped", [])).toEqual({ task: "tsk_1", mark: "looped" });
  expect(evidenceOf("tsk_1", "blocked_idle", [])).toEqual({ task: "tsk_1", mark: "blocked" });
});

test("what one run came to leads to that run's calls", () => {
  expect(evidenceOf("tsk_1", "failed", [run("run_1", { failed: 5 }), run("run_2", { useful: 9 })])).toEqual({ task: "tsk_1", run: "run_1" });
});

test("what several runs came to leads to all calls of the task", () => {
  expect(evidenceOf("tsk_1", "failed", [run("run_1", { failed: 5 }), run("run_2", { failed: 9 })])).toEqual({ task: "tsk_1" });
});
