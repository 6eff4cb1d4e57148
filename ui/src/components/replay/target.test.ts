import { describe, expect, it } from "vitest";

import { nanoOf, placesOf, targetWords, usualCap } from "@/components/replay/target";

const target = { model: null, route: null, route_version: null, system_replaced: false, params: [] };

describe("what a replay asks", () => {
  it("is said in words", () => {
    expect(targetWords(target)).toBe("The same again");
    expect(targetWords({ ...target, model: "gpt-4o", system_replaced: true, params: ["seed"] })).toBe("gpt-4o, other instructions, seed");
    expect(targetWords({ ...target, route: "cheap", route_version: 3 })).toBe("route cheap v3");
  });

  it("names each place once", () => {
    expect(placesOf([{ provider: "openai", model: "gpt-4o" }, { provider: "openai", model: "gpt-4o" }, { provider: null, model: "x" }])).toEqual(["openai/gpt-4o", "x"]);
  });
});

describe("a cap", () => {
  it("is read as dollars, exactly", () => {
    expect(nanoOf("0.50")).toBe(500_000_000);
    expect(nanoOf("$2,5")).toBe(2_500_000_000);
    expect(nanoOf("0.000000001")).toBe(1);
  });

  it("is more than nothing", () => {
    expect(["", "0", "-1", "1e3", "0.0000000001", "much"].map(nanoOf)).toEqual([null, null, null, null, null, null]);
  });

  it("begins at twice the estimate, with room for the longest answer, in whole cents", () => {
    expect(usualCap(10_500_000, 1)).toBe("0.03");
    expect(usualCap(10_500_000, 40_000_000)).toBe("0.06");
    expect(usualCap(0, 0)).toBe("0.01");
  });
});
