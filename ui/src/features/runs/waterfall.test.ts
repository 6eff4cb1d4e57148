import { expect, test } from "vitest";

import { alike, placed, repeated, steps, tokensOf } from "@/features/runs/waterfall";
import { aCall } from "@/testing/rows";

const at = (second: number) => `2026-11-23T10:00:${String(second).padStart(2, "0")}.000Z`;

test("between two calls stands the time the agent spent by itself", () => {
  const [a, b] = [aCall({ id: "a", started_at: at(0), duration_ms: 2_000, first_byte_ms: 400 }), aCall({ id: "b", started_at: at(30), duration_ms: 1_000 })];
  expect(steps([a, b])).toMatchObject([
    { kind: "call", at: 0, first: 400, until: 2_000 },
    { kind: "pause", at: 2_000, until: 30_000 },
    { kind: "call", at: 30_000, until: 31_000 },
  ]);
});

test("calls that overlap have nothing between them, and the longer one counts", () => {
  const long = aCall({ id: "a", started_at: at(0), duration_ms: 10_000 });
  const short = aCall({ id: "b", started_at: at(1), duration_ms: 1_000 });
  const next = aCall({ id: "c", started_at: at(10), duration_ms: 1_000 });
  expect(steps([long, short, next]).map((step) => step.kind)).toEqual(["call", "call", "call"]);
});

test("a bar is never too thin to be seen, and stays on the line", () => {
  expect(placed({ at: 0, until: 1 }, 1_000_000)).toEqual({ left: 0, width: 0.4 });
  expect(placed({ at: 1_000, until: 1_000 }, 1_000).left).toBeLessThan(100);
});

test("calls without usage count as nothing", () => {
  expect(tokensOf([aCall()])).toEqual({ input: 0, cached: 0, output: 0 });
});

test("near-duplicates point to the first of them", () => {
  const calls = ["a", "b", "c", "d"].map((id) => aCall({ id }));
  expect([...alike(calls, [["c", "b", "gone"], ["d"]])]).toEqual([["c", 2]]);
});

test("a step that repeats an earlier one leads to it", () => {
  const known = [
    { call_id: "a", repeats: null },
    { call_id: "b", repeats: "a" },
    { call_id: "c", repeats: "gone" },
  ];
  expect([...repeated(known)]).toEqual([["b", 1]]);
});
