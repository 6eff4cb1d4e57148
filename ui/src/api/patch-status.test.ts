import type { InfiniteData } from "@tanstack/react-query";
import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";

import { agentKeys } from "@/api/agents";
import { boardWith, patchStatuses, statusesIn } from "@/api/patch-status";
import type { Agent, Page } from "@/api/types";
import { aBoard, anAgent, aStatus, aTask } from "@/testing/rows";

const streaming = aStatus({ state: "streaming", words: "streaming gpt-4o", evidence: { call_ids: [], signal_id: null, run_id: "run_1" } });
const news = { seq: 0, kind: "status.changed", subject_id: "ws", at: "", actor: null, data: { agents: [{ agent_id: "agt_1", status: streaming }] } };

test("an agent's row follows the wire without asking the server again", () => {
  const client = new QueryClient();
  client.setQueryData<InfiniteData<Page<Agent>>>([...agentKeys.list(), { retired: false }], { pages: [{ items: [anAgent()], next: "agt_1" }, { items: [anAgent({ id: "agt_2" })], next: null }], pageParams: [null, "agt_1"] });
  patchStatuses(client, statusesIn(news));
  const items = client.getQueryData<InfiniteData<Page<Agent>>>([...agentKeys.list(), { retired: false }])?.pages.flatMap((page) => page.items);
  expect(items?.map((agent) => agent.status.state)).toEqual(["streaming", "never_connected"]);
});

test("the card of the run's task follows too, and a board without it stays the same object", () => {
  const run = { id: "run_1", state: "running" as const, agent_id: "agt_1", agent_name: "research", attempt: 1, started_at: null, lease_expires_at: "" };
  const byRun = new Map([["run_1", streaming]]);
  const board = aBoard([aTask({ state: "in_progress", run })]);
  expect(boardWith(board, byRun).columns[2]?.items[0]?.status.words).toBe("streaming gpt-4o");
  const other = aBoard([aTask()]);
  expect(boardWith(other, byRun)).toBe(other);
});

test("an event that says nothing readable changes nothing", () => {
  expect(statusesIn({ ...news, data: {} })).toEqual([]);
  expect(statusesIn({ ...news, kind: "task.moved" })).toEqual([]);
});
