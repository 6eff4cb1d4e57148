import { expect, test } from "vitest";

import { report, stretches } from "@/features/agents/ribbon";
import { aRun } from "@/testing/rows";

const at = (hour: number) => Date.parse(`2026-11-23T${String(hour).padStart(2, "0")}:00:00.000Z`);

test("a run that began before the day is cut at its edge, and an open one runs to now", () => {
  const early = aRun({ id: "a", started_at: "2026-11-23T08:00:00.000000Z", ended_at: "2026-11-23T11:00:00.000000Z", state: "failed" });
  const open = aRun({ id: "b", started_at: "2026-11-23T19:00:00.000000Z" });
  expect(stretches([early, open], at(10), at(20))).toMatchObject([
    { id: "a", left: 0, width: 10 },
    { id: "b", left: 90, width: 10 },
  ]);
});

test("what lies outside is not drawn, and the shortest run still shows", () => {
  const old = aRun({ ended_at: "2026-11-23T10:00:30.000000Z" });
  expect(stretches([old], at(11), at(20))).toEqual([]);
  expect(stretches([old], at(9), at(20))[0]?.width).toBe(0.3);
});

test("a success carries what the failures before it cost", () => {
  const runs = [aRun({ state: "succeeded", ended_at: "2026-11-23T11:00:00Z", cost_nano: 60 }), aRun({ state: "failed", ended_at: "2026-11-23T10:00:00Z", cost_nano: 40 }), aRun({ cost_nano: 10 })];
  expect(report(runs)).toEqual({ runs: 3, ended: 2, succeeded: 1, failed: 1, cost: 110, perSuccess: 110 });
  expect(report([]).perSuccess).toBeNull();
});
