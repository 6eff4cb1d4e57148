import { expect, test } from "vitest";

import type { FieldName } from "@/features/calls/fields";
import { FIELD_NAMES, fieldFilter, fieldValue, GROUPS, parseRange } from "@/features/calls/fields";
import { callFields } from "@/strings/call-fields";

test("every field stands in one group and has a name", () => {
  expect(GROUPS.flatMap((group) => group.fields).sort()).toEqual([...FIELD_NAMES].sort());
  for (const name of FIELD_NAMES) expect(callFields.names[name]).toBeTruthy();
});

test("a range has a least, a most or both, in order", () => {
  expect(parseRange("5..20")).toEqual({ least: 5, most: 20 });
  expect(parseRange("0.5..")).toEqual({ least: 0.5 });
  expect(parseRange("..20")).toEqual({ most: 20 });
  for (const wrong of ["..", "5", "20..5", "a..b", "-1.."]) expect(parseRange(wrong)).toBeUndefined();
});

test("what cannot be is dropped from an address", () => {
  const cases: [FieldName, unknown, string | undefined][] = [
    ["outcome", "fine", undefined],
    ["outcome", "cut", "cut"],
    ["outcome", "failed", "failed"],
    ["status", "5xx", "5xx"],
    ["status", 404, "404"],
    ["status", "many", undefined],
    ["stream", "maybe", undefined],
    ["took", "10..1", undefined],
    ["tag", "team=growth", "team=growth"],
  ];
  for (const [name, raw, expected] of cases) expect(fieldValue(name, raw)).toBe(expected);
});

test("fields become the server's parameters, in its units", () => {
  expect(fieldFilter({ status: "4xx", cost: "0.01..0.5", took: "1500..", stream: "no", agent: "agt_1", in: "..100" })).toEqual({
    min_status: 400,
    max_status: 499,
    min_cost_nano: 10_000_000,
    max_cost_nano: 500_000_000,
    min_duration_ms: 1500,
    stream: false,
    agent_id: "agt_1",
    max_input_tokens: 100,
  });
  expect(fieldFilter({ status: "429" })).toEqual({ status: 429 });
});
