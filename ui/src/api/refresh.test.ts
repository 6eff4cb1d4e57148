import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { LiveEvent } from "@/api/live";
import { Refresher, staleAfter } from "@/api/refresh";

const event = (kind: string, data: Record<string, unknown> = {}): LiveEvent => ({ seq: 1, kind, subject_id: "x", at: "", actor: null, data });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("an assigned task makes boards and tasks stale, and nothing else; a changed one also goals, a moved one what waits for a person", () => {
  const stale = (kind: string) => staleAfter(event(kind)).map((each) => each.key);
  expect(stale("task.assigned")).toEqual([["tasks"]]);
  expect(stale("task.changed")).toEqual([["tasks"], ["goals"]]);
  expect(stale("task.moved")).toEqual([["tasks"], ["needs"], ["goals"]]);
});

test("calls that somebody adopted leave the page of unclaimed ones, and their task and its cost are asked for again", () => {
  for (const kind of ["task.adopted", "task.gave_back"]) {
    const keys = staleAfter({ ...event(kind), subject_id: "tsk_1" }).map((stale) => JSON.stringify(stale.key));
    expect(keys).toEqual(expect.arrayContaining(['["calls","unclaimed"]', '["tasks","one","tsk_1"]', '["costs"]']));
  }
});

test("a route that somebody saved is asked for again, with what it was before", () => {
  const keys = staleAfter({ ...event("route.changed"), subject_id: "cheap" }).map((stale) => JSON.stringify(stale.key));
  expect(keys).toEqual(['["routes","list"]', '["routes","one","cheap"]', '["routes","versions","cheap"]']);
});

test("what is said of one task refreshes that task's talk alone", () => {
  expect(staleAfter(event("comment.written", { task_id: "tsk_1" })).map((stale) => stale.key)).toEqual([["comments", "of", "tsk_1"]]);
});

test("a file that came or went is asked for with its task's files alone", () => {
  for (const kind of ["attachment.added", "attachment.removed"]) {
    expect(staleAfter(event(kind, { task_id: "tsk_1" })).map((stale) => stale.key)).toEqual([["attachments", "of", "tsk_1"]]);
  }
});

test("new calls refresh the agents and tasks they belong to, and never the explorer's list", () => {
  const keys = staleAfter(event("calls.ingested", { agent_ids: ["agt_1"], task_ids: ["tsk_1"] })).map((stale) => JSON.stringify(stale.key));
  expect(keys).toContain('["agents","one","agt_1"]');
  expect(keys).toContain('["tasks","one","tsk_1"]');
  expect(keys).toContain('["calls","newest"]');
  expect(keys).not.toContain('["calls"]');
  expect(keys).not.toContain('["calls","list"]');
});

test("a reset stream makes everything stale", () => {
  expect(staleAfter(event("stream.reset")).map((stale) => stale.key)).toEqual([[]]);
});

test("an unknown kind, from a newer server, is passed over", () => {
  expect(staleAfter(event("weather.changed"))).toEqual([]);
});

test("the first event asks at once", () => {
  const ask = vi.fn();
  new Refresher(ask).hear(event("task.assigned"));
  vi.advanceTimersByTime(0);
  expect(ask).toHaveBeenCalledExactlyOnceWith(["tasks"]);
});

test("a burst costs one request now and one after it, not one an event", () => {
  const ask = vi.fn();
  const refresher = new Refresher(ask);
  for (let at = 0; at < 1_000; at += 1) {
    refresher.hear(event("task.assigned"));
    if (at % 100 === 0) vi.advanceTimersByTime(5);
  }
  vi.advanceTimersByTime(100);
  expect(ask).toHaveBeenCalledTimes(2);
});

test("the last event of a burst is never forgotten", () => {
  const ask = vi.fn();
  const refresher = new Refresher(ask);
  refresher.hear(event("task.assigned"));
  vi.advanceTimersByTime(1);
  refresher.hear(event("task.assigned"));
  expect(ask).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(100);
  expect(ask).toHaveBeenCalledTimes(2);
});

test("sums follow calls more calmly than lists do", () => {
  const ask = vi.fn();
  const refresher = new Refresher(ask);
  for (let at = 0; at < 9; at += 1) {
    refresher.hear(event("calls.ingested"));
    vi.advanceTimersByTime(100);
  }
  const asked = (key: string) => ask.mock.calls.filter(([each]) => JSON.stringify(each) === key).length;
  expect(asked('["calls","newest"]')).toBeGreaterThanOrEqual(8);
  expect(asked('["costs"]')).toBe(1);
});
