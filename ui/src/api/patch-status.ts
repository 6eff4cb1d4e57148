import type { InfiniteData, QueryClient } from "@tanstack/react-query";

import { agentKeys } from "@/api/agents";
import type { LiveEvent } from "@/api/live";
import { runKeys } from "@/api/runs";
import { taskKeys } from "@/api/tasks";
import type { Agent, Board, Page, Run, Status, Task, UrgentAgents } from "@/api/types";

export type AgentStatus = { agent_id: string; status: Status };

/** What `status.changed` tells. It comes several times a second while agents stream, so it carries its own news. Pure. */
export function statusesIn(event: LiveEvent): AgentStatus[] {
  if (event.kind !== "status.changed" || !Array.isArray(event.data.agents)) return [];
  return (event.data.agents as Partial<AgentStatus>[]).filter((each): each is AgentStatus => typeof each.agent_id === "string" && typeof each.status === "object");
}

/** A task or a run shows what its open run does. Pure; the same object where nothing changed. */
function withStatus<T extends { status: Status }>(row: T, runId: string | undefined, news: Map<string, Status>): T {
  const status = runId === undefined ? undefined : news.get(runId);
  return status ? { ...row, status } : row;
}

const sameOrAll = <T>(rows: T[], change: (row: T) => T): T[] => {
  const changed = rows.map(change);
  return changed.some((row, at) => row !== rows[at]) ? changed : rows;
};

export const boardWith = (board: Board, news: Map<string, Status>): Board => {
  const columns = sameOrAll(board.columns, (column) => {
    const items = sameOrAll(column.items, (task) => withStatus(task, task.run?.id, news));
    return items === column.items ? column : { ...column, items };
  });
  return columns === board.columns ? board : { ...board, columns };
};

/** Writes new statuses into the answers that show them, without asking again. */
export function patchStatuses(client: QueryClient, statuses: AgentStatus[]): void {
  if (statuses.length === 0) return;
  const byAgent = new Map(statuses.map((each) => [each.agent_id, each.status]));
  const byRun = new Map(statuses.flatMap((each) => (each.status.evidence.run_id ? [[each.status.evidence.run_id, each.status] as const] : [])));
  const agent = (row: Agent): Agent => {
    const status = byAgent.get(row.id);
    return status ? { ...row, status } : row;
  };
  client.setQueriesData<InfiniteData<Page<Agent>>>({ queryKey: agentKeys.list() }, (pages) => pages && { ...pages, pages: sameOrAll(pages.pages, (page) => ({ ...page, items: sameOrAll(page.items, agent) })) });
  client.setQueryData<UrgentAgents>(agentKeys.urgent(), (found) => found && { ...found, items: sameOrAll(found.items, agent) });
  for (const id of byAgent.keys()) client.setQueryData<Agent>(agentKeys.one(id), (one) => one && agent(one));
  if (byRun.size === 0) return;
  client.setQueriesData<Board>({ queryKey: taskKeys.boards() }, (board) => board && boardWith(board, byRun));
  client.setQueriesData<InfiniteData<Page<Task>>>({ queryKey: taskKeys.columns() }, (pages) =>
    pages && { ...pages, pages: sameOrAll(pages.pages, (page) => ({ ...page, items: sameOrAll(page.items, (task) => withStatus(task, task.run?.id, byRun)) })) },
  );
  client.setQueriesData<Task>({ queryKey: [...taskKeys.all, "one"] }, (task) => task && withStatus(task, task.run?.id, byRun));
  client.setQueriesData<Run>({ queryKey: [...runKeys.all, "one"] }, (run) => run && withStatus(run, run.id, byRun));
}
