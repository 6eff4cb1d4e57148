import { expect, test } from "vitest";

import type { Provider } from "@/api/types";
import { modelsFor, snippets } from "@/features/agents/snippets";

const provider = (change: Partial<Provider>): Provider => ({ name: "p", kind: "openai", base_url: "", credential: null, declared: false, models: null, allow_private: false, problem: null, version: 1, ...change });

test("every snippet holds this server's address and the key", () => {
  for (const snippet of snippets("http://127.0.0.1:8787/", "qd-a-key", { openai: "m", anthropic: "m" })) {
    expect(snippet.code, snippet.name).toContain("http://127.0.0.1:8787");
    expect(snippet.code, snippet.name).toContain("qd-a-key");
    expect(snippet.code, snippet.name).not.toContain("8787//");
  }
});

test("a snippet asks for a model that is served here", () => {
  expect(modelsFor([provider({ models: ["gpt-*", "gpt-5.5", "gpt-5.5-mini"] })]).openai).toBe("gpt-5.5-mini");
  expect(modelsFor([provider({ kind: "anthropic", models: ["claude-opus-5"] })]).anthropic).toBe("claude-opus-5");
});

test("with the sandbox alone, the lines call the sandbox", () => {
  expect(modelsFor([provider({ name: "sandbox", kind: "sandbox" })])).toEqual({ openai: "sandbox/echo", anthropic: "sandbox/echo" });
});
