import { expect, test } from "vitest";

import type { Stretch } from "@/api/types";
import { kindOf, merged, slots, totals } from "@/features/agents/shown";

const HOUR = 3_600_000;
const NOON = Date.parse("2026-11-23T12:00:00Z");
const at = (hours: number) => new Date(NOON + hours * HOUR).toISOString();
const stretch = (from: number, to: number | null, shown: Stretch["shown"]): Stretch => ({
  began_at: at(from),
  ended_at: to === null ? null : at(to),
  shown,
  run_id: null,
  waits_for: null,
  waits_name: null,
});
const day = [
  stretch(-30, -10, [{ state: "idle", ms: 20 * HOUR }]),
  stretch(-10, -8, [
    { state: "using_tool", ms: HOUR },
    { state: "streaming", ms: HOUR / 2 },
    { state: "thinking", ms: HOUR / 2 },
  ]),
  stretch(-3, null, [{ state: "waiting_person", ms: 0 }]),
];

test("each part of a day holds what was shown in it, and what nobody saw is unknown", () => {
  const parts = slots(day, "waiting_person", { from: NOON - 24 * HOUR, until: NOON, made: 0, now: NOON }, 24);
  expect(parts[0]?.shares).toEqual([{ kind: "idle", ms: HOUR }]);
  expect(parts[14]?.shares).toEqual([
    { kind: "answering", ms: HOUR / 2 },
    { kind: "tool", ms: HOUR / 2 },
  ]);
  expect(parts[16]?.shares).toEqual([{ kind: "unknown", ms: HOUR }]);
  expect(parts[23]?.shares).toEqual([{ kind: "person", ms: HOUR }]);
  expect(totals(parts)).toEqual([
    { kind: "idle", ms: 14 * HOUR },
    { kind: "unknown", ms: 5 * HOUR },
    { kind: "person", ms: 3 * HOUR },
    { kind: "answering", ms: HOUR },
    { kind: "tool", ms: HOUR },
  ]);
});

test("what is shown now fills the minute until it is recorded, and time to come is neither known nor unknown", () => {
  const ended = [stretch(-2, -1 / 60, [{ state: "idle", ms: 2 * HOUR }])];
  const parts = slots(ended, "streaming", { from: NOON - 2 * HOUR, until: NOON + HOUR, made: 0, now: NOON }, 3);
  expect(parts[1]?.shares).toEqual([
    { kind: "answering", ms: HOUR / 60 },
    { kind: "idle", ms: HOUR - HOUR / 60 },
  ]);
  expect(parts[2]?.shares).toEqual([]);
});

test("before an agent was made nothing is missing", () => {
  const parts = slots([stretch(-1, null, [{ state: "idle", ms: HOUR }])], "idle", { from: NOON - 4 * HOUR, until: NOON, made: NOON - 1.5 * HOUR, now: NOON }, 4);
  expect(parts.map((part) => part.shares)).toEqual([[], [], [{ kind: "unknown", ms: HOUR / 2 }], [{ kind: "idle", ms: HOUR }]]);
});

test("neighbours that show the same alone are one", () => {
  const parts = merged(slots(day, "waiting_person", { from: NOON - 24 * HOUR, until: NOON, made: 0, now: NOON }, 24));
  expect(parts.map((part) => [(part.to - part.from) / HOUR, part.shares.map((share) => share.kind).join()])).toEqual([
    [14, "idle"],
    [1, "answering,tool"],
    [1, "answering,tool"],
    [5, "unknown"],
    [3, "person"],
  ]);
});

test("a state that only a newer server knows is unknown", () => {
  expect(kindOf("dreaming" as never)).toBe("unknown");
});
