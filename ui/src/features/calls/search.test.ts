import { expect, test } from "vitest";

import { exportPath } from "@/api/calls";
import { callFilter, callsSearch } from "@/features/calls/search";

test("an address with nonsense in it still opens the page", () => {
  expect(callFilter(callsSearch({ since: "a year", outcome: { evil: 1 }, agent: "", unclaimed: "maybe" }), 0)).toEqual({});
});

test("a window becomes an instant", () => {
  const now = Date.parse("2026-11-23T15:00:00Z");
  expect(callFilter(callsSearch({ since: "1h", agent: "agt_1" }), now)).toEqual({ agent_id: "agt_1", from: "2026-11-23T14:00:00.000Z" });
});

test("words that are searched for are part of the address, of what is asked and of an export", () => {
  const filter = callFilter(callsSearch({ q: '"late fee" inv*' }), 0);
  expect(filter).toEqual({ q: '"late fee" inv*' });
  expect(exportPath(filter, "jsonl")).toBe("/api/v1/calls/export?q=%22late+fee%22+inv*&format=jsonl");
});

test("two instants stand until a window is chosen, and nonsense is none", () => {
  const search = callsSearch({ from: "2026-11-23T14:00:00Z", to: "2026-11-23T14:15:00Z" });
  expect(callFilter(search, 0)).toEqual({ from: "2026-11-23T14:00:00.000Z", to: "2026-11-23T14:15:00.000Z" });
  expect(callFilter({ ...search, since: "1h" }, 3_600_000)).toEqual({ from: "1970-01-01T00:00:00.000Z" });
  expect(callFilter(callsSearch({ from: "now", to: 3 }), 0)).toEqual({});
});

test("an export asks for what is shown", () => {
  expect(exportPath(callFilter({ model: "a&b", unclaimed: true }, 0), "csv")).toBe("/api/v1/calls/export?model=a%26b&unclaimed=true&format=csv");
});
