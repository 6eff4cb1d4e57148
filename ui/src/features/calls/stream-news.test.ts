import { expect, test } from "vitest";

import { streamNews } from "@/features/calls/stream-news";

const event = (data: unknown, name: string | null = null) => ({ offset: 0, name, ms: null, data: typeof data === "string" ? data : JSON.stringify(data) });
const chunk = (delta: object, finish: string | null = null) => event({ id: "chatcmpl-1", object: "chat.completion.chunk", model: "gpt-4o", choices: [{ index: 0, delta, finish_reason: finish }] });

test("what all events of a stream repeat is left out, so that a line begins with what is new", () => {
  expect(streamNews([chunk({ content: "Hel" }), chunk({ content: "lo" }), chunk({ content: "lo" }), chunk({}, "stop"), event("[DONE]")])).toEqual([
    'content "Hel"',
    'content "lo"',
    'content "lo"',
    'finish_reason "stop"',
    "[DONE]",
  ]);
});

test("the text comes first, and the event's name is not said twice", () => {
  const of = (text: string, at: number) => event({ sequence_number: at, type: "delta", delta: text }, "delta");
  expect(streamNews([of("a", 1), of("b", 2)])).toEqual(['delta "a" · sequence_number 1', 'delta "b" · sequence_number 2']);
});

test("an event that says the same as all others, or is no JSON, is shown as it is", () => {
  expect(streamNews([event({ type: "ping" }), event({ type: "ping" }), event("oops")])).toEqual(['{"type":"ping"}', '{"type":"ping"}', "oops"]);
});
