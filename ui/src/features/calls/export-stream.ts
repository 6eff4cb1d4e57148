import { constants } from "@/api/constants.gen";
import { Problem } from "@/api/problem";

export type Format = "csv" | "jsonl";
export type Came = { calls: number; bytes: number };

/** The most calls that the server writes into one file. */
export const MOST = constants.export_calls;
const LF = 10;
const QUOTE = 34;

/** Counts the calls in a file as its pieces come: its lines, but for a table's first one and those within quotes. Pure but for what it remembers. */
export function callCounter(format: Format): (piece: Uint8Array) => number {
  let lines = format === "csv" ? -1 : 0;
  let quoted = false;
  return (piece) => {
    for (const byte of piece) {
      if (format === "csv" && byte === QUOTE) quoted = !quoted;
      else if (byte === LF && !quoted) lines += 1;
    }
    // The last line of a file that has not all says so.
    return Math.min(MOST, Math.max(0, lines));
  };
}

/** What came until it broke off, and why. */
export class BrokeOff extends Error {
  constructor(
    readonly parts: Uint8Array<ArrayBuffer>[],
    readonly came: Came,
    readonly problem: Problem,
  ) {
    super(problem.message);
  }
}

/** Reads an export to its end and tells how far it is. Raises BrokeOff, and AbortError where it was given up. */
export async function readExport(href: string, format: Format, signal: AbortSignal, tell: (came: Came) => void): Promise<{ parts: Uint8Array<ArrayBuffer>[]; came: Came }> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const count = callCounter(format);
  let came: Came = { calls: 0, bytes: 0 };
  try {
    const answer = await fetch(href, { signal, credentials: "same-origin" });
    if (!answer.ok || !answer.body) throw await Problem.of(answer);
    const reader = answer.body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      parts.push(next.value);
      came = { calls: count(next.value), bytes: came.bytes + next.value.length };
      tell(came);
    }
  } catch (error) {
    if (signal.aborted) throw error;
    throw new BrokeOff(parts, came, error instanceof Problem ? error : Problem.unreachable());
  }
  return { parts, came };
}
