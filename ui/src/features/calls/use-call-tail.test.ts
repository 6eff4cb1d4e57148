import { expect, test } from "vitest";

import { arrived, joinedBy } from "@/features/calls/use-call-tail";
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

const many = (count: number, from = 0) => Array.from({ length: count }, (_, n) => call(`${from + n}`, 0));
const page = (items: ReturnType<typeof many>, next: string | null) => ({ items, next });

test("what joins stands before what was there, and later pages stay as they are", () => {
  const pages = { pages: [page([call("a", 1)], "a"), page([], null)], pageParams: [null, "a"] };
  const after = joinedBy(pages, [call("b", 2)], page([call("b", 2), call("a", 1)], null));
  expect(after.pages[0]?.items.map((each) => each.id)).toEqual(["b", "a"]);
  expect(after.pages[1]).toBe(pages.pages[1]);
});

test("when more came than one look brings, the list is that look and goes on where it ends", () => {
  const newest = page(many(100, 1_000), "1099");
  const after = joinedBy({ pages: [page(many(60), "59")], pageParams: [null] }, newest.items, newest);
  expect(after).toEqual({ pages: [newest], pageParams: [null] });
});

test("a list that calls have joined for hours is cut to the newest", () => {
  const newest = page(many(100, 490), "589");
  const pages = { pages: [page(many(440), "439"), page(many(55, 440), "494")], pageParams: [null, "439"] };
  expect(joinedBy(pages, many(5, 1_000), newest).pages[0]?.items).toHaveLength(445);
  expect(joinedBy(pages, many(6, 1_000), newest)).toEqual({ pages: [newest], pageParams: [null] });
});
