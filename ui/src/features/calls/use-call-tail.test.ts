import { expect, test } from "vitest";

import { arrived, prepended } from "@/features/calls/use-call-tail";
import { aCall } from "@/testing/rows";

const call = (id: string, second: number) => aCall({ id, started_at: `2026-11-23T10:00:${String(second).padStart(2, "0")}.000000Z` });

test("only calls that the list does not hold have arrived", () => {
  const listed = [call("b", 2), call("a", 1)];
  expect(arrived([call("c", 3), call("b", 2), call("a", 1)], listed).map((each) => each.id)).toEqual(["c"]);
});

test("an older call that the list has not loaded yet is not new", () => {
  expect(arrived([call("b", 2), call("a", 1)], [call("b", 2)])).toEqual([]);
});

test("to an empty list everything is new", () => {
  expect(arrived([call("a", 1)], [])).toHaveLength(1);
});

test("what joins stands before what was there, and later pages stay as they are", () => {
  const pages = { pages: [{ items: [call("a", 1)], next: "a" }, { items: [], next: null }], pageParams: [null, "a"] };
  const after = prepended(pages, [call("b", 2)]);
  expect(after.pages[0]?.items.map((each) => each.id)).toEqual(["b", "a"]);
  expect(after.pages[1]).toBe(pages.pages[1]);
});
