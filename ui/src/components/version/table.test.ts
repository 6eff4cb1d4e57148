import { expect, test } from "vitest";

import { readCsv } from "@/components/version/table";

test("a quoted field keeps its commas, quotes and line breaks", () => {
  expect(readCsv('name,said\r\nAna,"one, ""two""\nthree"\n')).toEqual([
    ["name", "said"],
    ["Ana", 'one, "two"\nthree'],
  ]);
});

test("a table without a last line break is whole, and an empty text is no table", () => {
  expect(readCsv("a,b")).toEqual([["a", "b"]]);
  expect(readCsv("")).toEqual([]);
});

test("no more rows are read than are shown", () => {
  expect(readCsv("a\nb\nc\n", 2)).toEqual([["a"], ["b"]]);
});
