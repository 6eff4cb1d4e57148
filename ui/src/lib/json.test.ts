import { expect, test } from "vitest";

import { prettyJson } from "@/lib/json";

test.each(["{}", "[]", " 1 ", '"a"', '{"a":1}', '{"a":{"b":[1,2,{"c":null}],"d":[]},"e":{}}', String.raw`["\u00e9\n\"{,}:","x\\"]`])("%s is laid out as JSON is", (text) => {
  expect(prettyJson(text)).toBe(JSON.stringify(JSON.parse(text), null, 2));
});

test("what is no JSON is not laid out", () => {
  expect(prettyJson("{")).toBeNull();
  expect(prettyJson("")).toBeNull();
});

test("a number keeps its digits, and a name that is there twice stays twice", () => {
  expect(prettyJson('{"id":12345678901234567890,"x":1.10,"x":2}')).toBe('{\n  "id": 12345678901234567890,\n  "x": 1.10,\n  "x": 2\n}');
});
