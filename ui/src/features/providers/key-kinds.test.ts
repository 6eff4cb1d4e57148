import { expect, test } from "vitest";

import { freeName, isPrivate, kindOfKey } from "@/features/providers/key-kinds";

test("a key tells whose it is by how it begins, where only one provider's keys begin so", () => {
  expect(["sk-ant-api03-x", "sk-proj-x", " AIzaSyX", "gsk_x", "xai-x", "sk-or-v1-x"].map(kindOfKey)).toEqual(["anthropic", "openai", "gemini", "groq", "xai", "openrouter"]);
  expect(kindOfKey("sk-1234")).toBeUndefined();
});

test("a second provider of a kind is offered a name of its own", () => {
  expect(freeName("openai", [])).toBe("openai");
  expect(freeName("openai-compatible", ["openai", "openai-2"])).toBe("openai-3");
});

test("an address of one's own machine or network is known as private", () => {
  for (const url of ["http://127.0.0.1:11434/v1", "http://localhost:8000", "https://192.168.1.9/v1", "http://172.20.0.2", "http://[::1]:80"]) expect(isPrivate(url)).toBe(true);
  for (const url of ["https://api.openai.com/v1", "http://172.32.0.1", "127.0.0.1", ""]) expect(isPrivate(url)).toBe(false);
});
