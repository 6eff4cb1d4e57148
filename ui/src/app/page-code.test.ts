import { afterEach, expect, test, vi } from "vitest";

import { whenThere } from "@/app/page-code";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("code that cannot be loaded while the server is away comes once it is back", async () => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  const load = vi.fn().mockRejectedValueOnce(new TypeError("Failed to fetch dynamically imported module")).mockResolvedValueOnce("page");
  const loaded = whenThere(load);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await loaded).toBe("page");
});

test("code that a server has no longer is said at once, so that the new version is loaded", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("")));
  await expect(whenThere(() => Promise.reject(new TypeError("gone")))).rejects.toThrow("gone");
});
