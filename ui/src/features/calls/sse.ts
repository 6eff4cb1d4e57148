export type StreamEvent = { offset: number; name: string | null; data: string; ms: number | null };

const LF = 10;
const CR = 13;

/**
 * The events of a recorded server-sent stream, each with the byte it begins at and, where the arrival of chunks is known,
 * the millisecond it came. Pure. Lines that are no event (comments, junk) are kept as data, so that nothing is hidden.
 */
export function streamEvents(bytes: Uint8Array, timeline: readonly (readonly [number, number])[] | null): StreamEvent[] {
  const decoder = new TextDecoder();
  const events: StreamEvent[] = [];
  let start = 0;
  let lineStart = 0;
  const close = (end: number) => {
    const text = decoder.decode(bytes.subarray(start, end)).trim();
    if (text) events.push({ offset: start, ...fields(text), ms: arrivedAt(start, timeline) });
  };
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] !== LF) continue;
    const blank = at === lineStart || (at === lineStart + 1 && bytes[lineStart] === CR);
    lineStart = at + 1;
    if (blank) {
      close(at);
      start = at + 1;
    }
  }
  close(bytes.length);
  return events;
}

function fields(text: string): { name: string | null; data: string } {
  let name: string | null = null;
  const data: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
    else if (!/^(id|retry):/.test(line)) data.push(line);
  }
  return { name, data: data.join("\n") };
}

function arrivedAt(offset: number, timeline: readonly (readonly [number, number])[] | null): number | null {
  let ms: number | null = null;
  for (const [from, at] of timeline ?? []) {
    if (from > offset) break;
    ms = at;
  }
  return ms;
}

/** Whether bytes are most likely text: no NUL among the first ones, and valid UTF-8. */
export function asText(bytes: Uint8Array): string | null {
  if (bytes.subarray(0, 2_048).includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
