import { expect, test } from "vitest";

import type { Status } from "@/api/types";
import { clauses, said, standsOf, toneOf } from "@/components/status/status-words";
import { aStatus } from "@/testing/rows";

const SINCE = "2026-11-23T10:00:00.000000Z";
const waiting = (kind: "task" | "person" | "provider", name: string, id = name): Status["waits_for"] => ({ kind, id, name, chain: [] });

test("the sentence counts what works and names what does not", () => {
  const statuses = [
    aStatus({ state: "streaming", words: "streaming gpt-4o" }),
    aStatus({ state: "using_tool", words: "using web_search" }),
    aStatus({ state: "looping", words: "looping" }),
    aStatus({ state: "waiting_agent", waits_for: waiting("task", "T-1 Q3 market report") }),
    aStatus({ state: "waiting_agent", waits_for: waiting("task", "T-1 Q3 market report") }),
    aStatus({ state: "waiting_provider", waits_for: waiting("provider", "openai") }),
    aStatus({ state: "waiting_person", waits_for: waiting("person", "Sam", "mem_1") }),
    aStatus(),
  ];
  expect(clauses(standsOf(statuses.map((status) => ({ status }))), "mem_1").map((clause) => clause.text)).toEqual(["Two agents work", "one loops", "one waits for you", "one waits for openai", "two wait for T-1"]);
});

test("agents that stand alike are counted together", () => {
  const waits_for = { id: "tsk_1", name: "T-1 Q3 market report" };
  const stands = [
    { state: "working" as const, waits_for: null, count: 120 },
    { state: "waiting_agent" as const, waits_for, count: 2 },
  ];
  expect(clauses(stands).map((clause) => clause.text)).toEqual(["120 agents work", "two wait for T-1"]);
});

test("when nobody works it says so", () => {
  expect(clauses(standsOf([{ status: aStatus() }])).map((clause) => clause.text)).toEqual(["No agent works right now"]);
});

test("a time that ticks is told apart from the words, so that it is never old", () => {
  const blocked = aStatus({ state: "waiting_agent", words: "blocked, waits for T-1 Report, 38 min", since: SINCE, waits_for: waiting("task", "T-1 Report") });
  expect(said(blocked)).toEqual({ text: "waits for T-1 Report", since: SINCE });
  expect(said(aStatus({ state: "silent", words: "silent for 12 min", since: SINCE }))).toEqual({ text: "silent", since: SINCE });
  expect(said(aStatus({ state: "idle", words: "idle", since: SINCE })).since).toBeNull();
});

test("who waits for me says so", () => {
  const asks = aStatus({ state: "waiting_person", reason: "a question", since: SINCE, waits_for: waiting("person", "Sam", "mem_1") });
  expect(said(asks, "mem_1").text).toBe("waits for you: a question");
  expect(said(asks, "mem_2").text).toBe("waits for Sam: a question");
});

test("a state of a newer server is shown quietly", () => {
  expect(toneOf("dreaming" as Status["state"])).toBe("idle");
});
