import { expect, test } from "vitest";

import { stateOf } from "@/components/provider-health";

test("a provider that is out is out, whatever its error rate says by now", () => {
  expect(stateOf({ state: "out", error_rate: 0 })).toEqual({ tone: "wrong", word: "out" });
});

test("many failures are trouble before a breaker opens", () => {
  expect(stateOf({ state: "up", error_rate: 0.5 }).word).toBe("troubled");
  expect(stateOf({ state: "up", error_rate: 0.05 }).word).toBe("well");
});

test("what was not called lately is not called well", () => {
  expect(stateOf({ state: "unknown", error_rate: null }).word).toBe("unknown");
});
