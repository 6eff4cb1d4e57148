import { expect, test } from "vitest";

import type { Provider, Snippet } from "@/api/types";
import { filled, modelsFor, parted, untold } from "@/features/agents/snippets";

const provider = (change: Partial<Provider>): Provider => ({ name: "p", kind: "openai", base_url: "", credential: null, declared: false, models: null, allow_private: false, problem: null, version: 1, ...change });
const snippet = (id: string, text = ""): Snippet => ({ id, title: id, gives: "", language: "sh", where: "", text, proof: "test" });
const connect = { key_placeholder: "qd-a-YOUR-KEY" };

test("the key stands wherever the snippet wants one, and the model is one that is served", () => {
  const text = 'KEY=qd-a-YOUR-KEY curl -d "gpt-4o-mini" -d "claude-haiku-4-5" # qd-a-YOUR-KEY';
  expect(filled(snippet("curl", text), connect, "qd-a-real", { openai: "small", anthropic: "wise" })).toBe('KEY=qd-a-real curl -d "small" -d "wise" # qd-a-real');
  expect(filled(snippet("curl", text), connect, undefined, { openai: "small", anthropic: "wise" })).toContain("qd-a-YOUR-KEY");
});

test("what people ask for first stands apart from all others", () => {
  expect(parted([snippet("mcp"), snippet("curl"), snippet("codex"), snippet("n8n"), snippet("openclaw")]).map((some) => some.map((each) => each.id))).toEqual([
    ["openclaw", "codex", "curl"],
    ["mcp", "n8n"],
  ]);
});

test("a snippet asks for a model that is served here", () => {
  expect(modelsFor([provider({ models: ["gpt-*", "gpt-5.5", "gpt-5.5-mini"] })]).openai).toBe("gpt-5.5-mini");
  expect(modelsFor([provider({ kind: "anthropic", models: ["claude-opus-5"] })]).anthropic).toBe("claude-opus-5");
  expect(modelsFor([provider({ models: ["o9-mini", "gpt-4o-mini"] })]).openai).toBe("gpt-4o-mini");
});

test("beside a provider that does not work, a line names the one that does", () => {
  const models = modelsFor([provider({ name: "anthropic-2", kind: "anthropic" })], true);
  expect(filled(snippet("codex", "gpt-4o-mini claude-sonnet-4-6"), { key_placeholder: "K" }, undefined, models)).toBe("anthropic-2/claude-haiku-4-5 anthropic-2/claude-haiku-4-5");
});

test("with one provider alone, its model answers calls in the other's words as well", () => {
  expect(modelsFor([provider({ kind: "anthropic" })])).toEqual({ openai: "claude-haiku-4-5", anthropic: "claude-haiku-4-5" });
  expect(modelsFor([provider({ kind: "openai-compatible", models: ["nomic-embed-text", "llama3.2"] })])).toEqual({ openai: "llama3.2", anthropic: "llama3.2" });
});

test("a provider whose kind does not tell its models is asked for them", () => {
  const [local, listed, known] = [provider({ kind: "openai-compatible" }), provider({ kind: "openai-compatible", models: ["llama3.2"] }), provider({ kind: "openai" })];
  expect(untold([local, listed, known])).toEqual([local]);
});

test("with the sandbox alone, the lines call the sandbox", () => {
  expect(modelsFor([provider({ name: "sandbox", kind: "sandbox" })])).toEqual({ openai: "sandbox/echo", anthropic: "sandbox/echo" });
});
