import { afterEach, expect, test, vi } from "vitest";

import type { BrokeOff, Came } from "@/features/calls/export-stream";
import { callCounter, readExport } from "@/features/calls/export-stream";

const bytes = (text: string) => new TextEncoder().encode(text);
afterEach(() => vi.unstubAllGlobals());

/** An answer in pieces, which ends well or breaks off. */
const answers = (pieces: string[], ends: "well" | "breaks") => {
  const left = [...pieces];
  const body = new ReadableStream<Uint8Array>({
    pull: (stream) => {
      const next = left.shift();
      if (next !== undefined) stream.enqueue(bytes(next));
      else if (ends === "well") stream.close();
      else stream.error(new TypeError("network error"));
    },
  });
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(body)));
};

test("a table's calls are its lines but the first, and a line within quotes is none", () => {
  const count = callCounter("csv");
  expect(count(bytes("id,tags\n1,"))).toBe(0);
  expect(count(bytes('"a\nb ""c"""\n2,x\n'))).toBe(2);
});

test("an export tells how far it is as it comes", async () => {
  answers(['{"id":1}\n', '{"id":2}\n{"id":3}\n'], "well");
  const told: Came[] = [];
  const { parts, came } = await readExport("/x", "jsonl", new AbortController().signal, (now) => told.push(now));
  expect(told.map((each) => each.calls)).toEqual([1, 3]);
  expect([came.calls, came.bytes, parts.length]).toEqual([3, 27, 2]);
});

test("an export that breaks off keeps what came", async () => {
  answers(['{"id":1}\n'], "breaks");
  const broke = (await readExport("/x", "jsonl", new AbortController().signal, () => undefined).catch((error: unknown) => error)) as BrokeOff;
  expect(broke.came.calls).toBe(1);
  expect(broke.parts).toHaveLength(1);
  expect(broke.problem.code).toBe("unreachable");
});
