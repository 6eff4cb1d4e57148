import { describe, expect, test } from "vitest";

import { formatAgo, formatDue, formatDuration, formatMoney, formatMoneyExact, formatPerMillion, formatShare, formatSpan, initials } from "@/lib/format";

const NANO = 1_000_000_000;

describe("money", () => {
  test.each([
    [0, "$0.00"],
    [4.12 * NANO, "$4.12"],
    [1_204.5 * NANO, "$1,204.50"],
    [0.01 * NANO, "$0.01"],
    [0.0099 * NANO, "$0.0099"],
    [0.00995 * NANO, "$0.01"],
    [0.0041 * NANO, "$0.0041"],
    [209_250, "$0.00021"],
    [2_000_000, "$0.0020"],
    [3, "$0.0000000030"],
  ])("%d nano-dollars are shown as %s: to the cent, tiny amounts to two digits that matter", (nano, shown) => {
    expect(formatMoney(nano)).toBe(shown);
  });

  test("the exact amount keeps all nine decimals", () => {
    expect(formatMoneyExact(209_250)).toBe("$0.000209250");
    expect(formatMoneyExact(12 * NANO + 5)).toBe("$12.000000005");
  });

  test("a unit price of a billion femto-dollars a token is a dollar for a million tokens", () => {
    expect(formatPerMillion(1_000_000_000)).toBe("$1.00");
    expect(formatPerMillion(75_000_000)).toBe("$0.075");
  });
});

test.each([
  [0, "0%"],
  [0.002, "<1%"],
  [0.17, "17%"],
  [0.997, ">99%"],
  [1, "100%"],
])("a share of %d is %s: something is not nothing, and a part not all", (share, shown) => {
  expect(formatShare(share)).toBe(shown);
});

describe("time", () => {
  test.each([
    [0, "0 s"],
    [12_000, "12 s"],
    [38 * 60_000, "38 min"],
    [112 * 60_000, "1 h 52"],
    [2 * 3_600_000, "2 h"],
    [3 * 86_400_000 + 5, "3 d"],
  ])("%d ms so far are %s", (ms, shown) => {
    expect(formatSpan(ms)).toBe(shown);
  });

  test.each([
    [0, "0 ms"],
    [0.41, "0.41 ms"],
    [84.4, "84 ms"],
    [1_800, "1.8 s"],
    [125_000, "2 min 5 s"],
    [120_000, "2 min"],
  ])("a measured %d ms is %s", (ms, shown) => {
    expect(formatDuration(ms)).toBe(shown);
  });

  test("what just happened is not counted in seconds", () => {
    const at = "2026-11-23T14:00:00.000000Z";
    expect(formatAgo(at, Date.parse(at) + 4_000)).toBe("just now");
    expect(formatAgo(at, Date.parse(at) + 40_000)).toBe("40 s ago");
  });

  test("a due time says how much is left or how late it is", () => {
    const at = "2026-11-23T16:00:00.000000Z";
    expect(formatDue(at, Date.parse(at) - 70 * 60_000)).toBe("in 1 h 10");
    expect(formatDue(at, Date.parse(at) + 38 * 60_000)).toBe("38 min late");
  });
});

test.each([
  ["Sam Adler", "SA"],
  ["research", "RE"],
  ["nightly-report", "NR"],
  ["ana@example.com", "AN"],
  ["", "?"],
])("%s has the initials %s", (name, letters) => {
  expect(initials(name)).toBe(letters);
});
