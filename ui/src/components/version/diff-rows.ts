import type { Hunk } from "@/api/types";

export type Piece = { text: string; changed: boolean };
export type LineRow = {
  kind: "same" | "added" | "removed";
  /** Its number in the older text, and in the newer one; null where it does not stand. */
  from: number | null;
  to: number | null;
  pieces: Piece[];
};
export type GapRow = { kind: "gap"; hidden: number; at: number };
export type DiffRow = LineRow | GapRow;

const plain = (text: string): Piece[] => [{ text, changed: false }];

/** Every line of a text, for a version that is read and not compared. Pure. */
export function textRows(text: string): LineRow[] {
  const lines = text.split("\n");
  if (lines.length > 1 && lines[lines.length - 1] === "") lines.pop();
  return lines.map((line, at) => ({ kind: "same", from: null, to: at + 1, pieces: plain(line) }));
}

/** The rows of a unified diff, numbered, with the words that changed marked where a line took another's place. Pure. */
export function diffRows(hunks: Hunk[]): DiffRow[] {
  const rows: DiffRow[] = [];
  let seen = 0;
  for (const hunk of hunks) {
    const hidden = hunk.to_start - 1 - seen;
    if (hidden > 0) rows.push({ kind: "gap", hidden, at: seen + 1 });
    rows.push(...hunkRows(hunk));
    seen = hunk.to_start - 1 + hunk.to_count;
  }
  return rows;
}

function hunkRows(hunk: Hunk): LineRow[] {
  const rows: LineRow[] = [];
  let [from, to] = [hunk.from_start, hunk.to_start];
  let [removed, added]: [LineRow[], LineRow[]] = [[], []];
  const flush = () => {
    removed.forEach((row, at) => {
      const other = added[at];
      if (other) [row.pieces, other.pieces] = markWords(text(row), text(other));
    });
    rows.push(...removed, ...added);
    [removed, added] = [[], []];
  };
  for (const line of hunk.lines) {
    if (line.sign === "-") {
      if (added.length > 0) flush();
      removed.push({ kind: "removed", from: from++, to: null, pieces: plain(line.text) });
    } else if (line.sign === "+") {
      added.push({ kind: "added", from: null, to: to++, pieces: plain(line.text) });
    } else {
      flush();
      rows.push({ kind: "same", from: from++, to: to++, pieces: plain(line.text) });
    }
  }
  flush();
  return rows;
}

export const text = (row: LineRow): string => row.pieces.map((piece) => piece.text).join("");

const WORDS = /\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu;
const MOST_PAIRS = 40_000;
const TOO_DIFFERENT = 0.35;

/** The same two lines with the words marked that differ; unmarked when hardly anything is common. Pure. */
export function markWords(before: string, after: string): [Piece[], Piece[]] {
  const [a, b] = [before.match(WORDS) ?? [], after.match(WORDS) ?? []];
  if (a.length * b.length > MOST_PAIRS) return [plain(before), plain(after)];
  const [inA, inB] = common(a, b);
  const kept = a.filter((_, at) => inA.has(at)).join("").length;
  if (kept < TOO_DIFFERENT * Math.max(before.length, after.length)) return [plain(before), plain(after)];
  return [pieces(a, inA), pieces(b, inB)];
}

function pieces(words: string[], kept: Set<number>): Piece[] {
  const found: Piece[] = [];
  words.forEach((word, at) => {
    const changed = !kept.has(at);
    const last = found[found.length - 1];
    if (last?.changed === changed) last.text += word;
    else found.push({ text: word, changed });
  });
  return found;
}

/** Places of the longest common subsequence, in both. */
function common(a: string[], b: string[]): [Set<number>, Set<number>] {
  const width = b.length + 1;
  const best = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => best[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) best[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const [inA, inB] = [new Set<number>(), new Set<number>()];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      inA.add(i++);
      inB.add(j++);
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return [inA, inB];
}

/** How many lines came and went. Pure. */
export function changeCount(hunks: Hunk[]): { added: number; removed: number } {
  const count = (sign: string) => hunks.reduce((sum, hunk) => sum + hunk.lines.filter((line) => line.sign === sign).length, 0);
  return { added: count("+"), removed: count("-") };
}
