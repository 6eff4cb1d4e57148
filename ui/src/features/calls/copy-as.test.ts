import { expect, test } from "vitest";

import { asCurl, asPython, literal } from "@/features/calls/copy-as";

const base = "http://127.0.0.1:8787";

test("a shell gets the bytes as they were sent, quotes included", () => {
  const text = asCurl({ base, endpoint: "/v1/chat/completions", body: `{"messages":[{"content":"it's $HOME"}]}` });
  expect(text).toContain(`--data-raw '{"messages":[{"content":"it'\\''s $HOME"}]}'`);
  expect(text).toContain(`"authorization: Bearer $QUARTERDECK_KEY"`);
  expect(asCurl({ base, endpoint: "/v1/messages", body: "{}" })).toContain("anthropic-version: 2023-06-01");
});

test("Python gets the client of the endpoint, and what the client has no name for as extra body", () => {
  const text = asPython({ base, endpoint: "/v1/chat/completions", body: `{"model":"gpt-4o","messages":[],"stream":true,"odd":null}` });
  expect(text).toBe(`import os

from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:8787/v1", api_key=os.environ["QUARTERDECK_KEY"])
answer = client.chat.completions.create(
    model="gpt-4o",
    messages=[],
    stream=True,
    extra_body={
        "odd": None,
    },
)
print(answer)
`);
  expect(asPython({ base, endpoint: "/v1/messages", body: `{"model":"m","max_tokens":1,"messages":[]}` })).toContain(`Anthropic(base_url="http://127.0.0.1:8787", `);
});

test("an endpoint that no client speaks is posted plainly", () => {
  expect(asPython({ base, endpoint: "/v1/rerank", body: `{"query":"a\\nb"}` })).toContain(`json={
        "query": "a\\nb",
    },`);
});

test("values are written as Python writes them", () => {
  expect(literal([true, false, null, 1.5, "ü\u2028"])).toBe(`[\n    True,\n    False,\n    None,\n    1.5,\n    ${JSON.stringify("ü\u2028")},\n]`);
});
