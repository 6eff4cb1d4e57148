import { expect, test } from "vitest";

import { changedValues, kindWords, shown } from "@/features/audit/changes";

const row = (before: Record<string, unknown> | null, after: Record<string, unknown> | null) => changedValues({ table: "tasks", id: "t", before, after });

test("only what differs is told, and not that the row has a new version", () => {
  expect(row({ title: "a", state: "ready", version: 1 }, { title: "a", state: "done", version: 2 })).toEqual([{ row: "tasks-t", name: "state", before: "ready", after: "done" }]);
});

test("a new row tells all of itself, a removed one what it was", () => {
  expect(row(null, { title: "a" })).toMatchObject([{ before: undefined, after: "a" }]);
  expect(row({ title: "a" }, null)).toMatchObject([{ before: "a", after: undefined }]);
});

test("long values are cut", () => {
  expect(shown("x".repeat(500))).toHaveLength(161);
  expect(shown({ a: 1 })).toBe('{"a":1}');
});

test("what happened is told in words", () => {
  expect(kindWords("deliverable.handed_in")).toBe("Deliverable handed in");
});
