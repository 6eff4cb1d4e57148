import { afterEach, expect, test, vi } from "vitest";

import { remember, remembered } from "@/lib/storage";

afterEach(() => vi.unstubAllGlobals());

test("a choice that the browser has no room for lasts as long as the page", () => {
  const kept = new Map([["qd.side", "before"]]);
  const full = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  vi.stubGlobal("localStorage", { getItem: (name: string) => kept.get(name) ?? null, setItem: full, removeItem: (name: string) => kept.delete(name) });
  expect(remembered("side")).toBe("before");
  remember("side", "after");
  expect(remembered("side")).toBe("after");
  remember("side", null);
  expect(remembered("side")).toBeNull();
});
