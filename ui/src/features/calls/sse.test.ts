import { expect, test } from "vitest";

import { asText, streamEvents } from "@/features/calls/sse";

const bytes = (text: string) => new TextEncoder().encode(text);

test("a stream is cut into its events, each with the byte it begins at", () => {
  const events = streamEvents(bytes('event: a\ndata: {"x":1}\n\ndata: two\n\n'), null);
  expect(events).toEqual([
    { offset: 0, name: "a", data: '{"x":1}', ms: null },
    { offset: 24, name: null, data: "two", ms: null },
  ]);
});

test("carriage returns and data of several lines are understood", () => {
  const [event] = streamEvents(bytes("data: one\r\ndata: two\r\n\r\n"), null);
  expect(event?.data).toBe("one\ntwo");
});

test("a stream that was cut keeps its last, unfinished event", () => {
  expect(streamEvents(bytes("data: a\n\ndata: hal"), null).map((event) => event.data)).toEqual(["a", "hal"]);
});

test("an event came when the chunk it begins in came", () => {
  const events = streamEvents(bytes("data: a\n\ndata: é\n\ndata: c\n\n"), [
    [0, 410],
    [9, 450],
    [19, 600],
  ]);
  expect(events.map((event) => event.ms)).toEqual([410, 450, 600]);
});

test("junk between events is shown, not hidden", () => {
  expect(streamEvents(bytes("<html>oops</html>\n\n"), null)[0]?.data).toBe("<html>oops</html>");
});

test("bytes that are no text are not shown as text", () => {
  expect(asText(new Uint8Array([0x89, 0x50, 0x00, 0x01]))).toBeNull();
  expect(asText(new Uint8Array([0xc3, 0x28]))).toBeNull();
  expect(asText(bytes("naïve"))).toBe("naïve");
});
