import { expect, test } from "vitest";

import { changedValues, kindWords, shown } from "@/features/audit/changes";
import { formatInstant } from "@/lib/format";

const row = (before: Record<string, unknown> | null, after: Record<string, unknown> | null) => changedValues({ table: "tasks", id: "t", before, after });

test("only what differs is told, and not that the row has a new version", () => {
  expect(row({ title: "a", state: "ready", version: 1 }, { title: "a", state: "done", version: 2 })).toEqual([{ row: "tasks-t", name: "state", before: "ready", after: "done" }]);
});

test("a new row tells all of itself, a removed one what it was", () => {
  expect(row(null, { title: "a" })).toMatchObject([{ before: undefined, after: "a" }]);
  expect(row({ title: "a" }, null)).toMatchObject([{ before: "a", after: undefined }]);
});

test("long values are cut", () => {
  expect(shown("title", "x".repeat(500))).toHaveLength(161);
  expect(shown("labels", { a: 1 })).toBe('{"a":1}');
});

test("instants and money are read as such, and what is not set is said so", () => {
  expect(shown("ended_at", Date.parse("2026-11-23T15:00:00Z") * 1_000)).toBe(formatInstant("2026-11-23T15:00:00Z"));
  expect(shown("limit_nano", 2_500_000_000)).toBe("$2.500000000");
  expect(shown("ended_at", null)).toBe("not set");
});

test("what happened is told in words", () => {
  expect(kindWords("deliverable.handed_in")).toBe("Deliverable handed in");
});
