import { expect, test } from "vitest";

import { agentShown } from "@/components/agent-state";
import { anAgent } from "@/testing/rows";

const NOW = Date.parse("2026-11-23T12:00:00Z");
const run = { id: "run_1", task_id: "tsk_1", task_title: "Report", started_at: null };

test.each([
  ["retired whatever else is true", anAgent({ desired: "retired", open_runs: [run] }), "retired"],
  ["paused also with a run open", anAgent({ desired: "paused", open_runs: [run] }), "paused"],
  ["working while a run is open", anAgent({ open_runs: [run] }), "working"],
  ["calling when traffic says so though no task does", anAgent({ last_call_at: "2026-11-23T11:59:30.000000Z" }), "calling"],
  ["idle when its last call is long ago", anAgent({ last_call_at: "2026-11-23T11:00:00.000000Z" }), "idle"],
  ["idle before its first call", anAgent(), "idle"],
])("an agent is %s", (_, agent, verb) => {
  expect(agentShown(agent, NOW).verb).toBe(verb);
});
