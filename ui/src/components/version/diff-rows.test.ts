import { expect, test } from "vitest";

import type { Hunk } from "@/api/types";
import { changeCount, diffRows, markWords, text, textRows } from "@/components/version/diff-rows";

const hunk = (start: number, ...lines: string[]): Hunk => ({
  from_start: start,
  to_start: start,
  from_count: lines.filter((line) => !line.startsWith("+")).length,
  to_count: lines.filter((line) => !line.startsWith("-")).length,
  lines: lines.map((line) => ({ sign: line.slice(0, 1) as " ", text: line.slice(1) })),
});

test("lines are numbered as each text numbers them", () => {
  const rows = diffRows([hunk(1, " a", "-b", "+B", "+c", " d")]);
  expect(rows.map((row) => row.kind !== "gap" && [row.kind, row.from, row.to])).toEqual([
    ["same", 1, 1],
    ["removed", 2, null],
    ["added", null, 2],
    ["added", null, 3],
    ["same", 3, 4],
  ]);
});

test("what stands unchanged between two places is told as a number of lines", () => {
  expect(diffRows([hunk(4, " a"), hunk(10, " b")]).filter((row) => row.kind === "gap")).toEqual([
    { kind: "gap", hidden: 3, at: 1 },
    { kind: "gap", hidden: 5, at: 5 },
  ]);
});

test("only the words that changed are marked in a line that took another's place", () => {
  const [before, after] = markWords("Five competitors raised prices.", "Four competitors raised list prices.");
  expect(before.filter((piece) => piece.changed).map((piece) => piece.text)).toEqual(["Five"]);
  expect(after.filter((piece) => piece.changed).map((piece) => piece.text.trim())).toEqual(["Four", "list"]);
  expect(after.map((piece) => piece.text).join("")).toBe("Four competitors raised list prices.");
});

test("two lines that share nothing are not marked word by word", () => {
  expect(markWords("Demand fell.", "Ask for the table in June")).toEqual([
    [{ text: "Demand fell.", changed: false }],
    [{ text: "Ask for the table in June", changed: false }],
  ]);
});

test("a text has as many rows as lines, and a last line break begins no further one", () => {
  expect(textRows("one\n\nthree\n").map(text)).toEqual(["one", "", "three"]);
  expect(textRows("")).toHaveLength(1);
});

test("lines that came and went are counted", () => {
  expect(changeCount([hunk(1, "-a", "+b", "+c", " d")])).toEqual({ added: 2, removed: 1 });
});
