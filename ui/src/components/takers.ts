import { useQuery } from "@tanstack/react-query";

import { agentNamesQuery } from "@/api/agents";
import { squadsQuery } from "@/api/squads";
import type { Task } from "@/api/types";
import type { Choice } from "@/components/field";
import { tasks } from "@/strings/tasks";

/** Stands before a squad's id where agents and squads are chosen from one list. */
const SQUAD = "squad:";

export type GivenTo = { agent_id: string | null; squad_id: string | null };

/** Who a choice says is to do a task: an agent, any agent of a squad, or with neither any agent. Pure. */
export const givenTo = (choice: string): GivenTo =>
  choice.startsWith(SQUAD) ? { agent_id: null, squad_id: choice.slice(SQUAD.length) } : { agent_id: choice || null, squad_id: null };

/** The choice that says this; "": any agent. Pure. */
export const choiceOf = (to: { agent_id?: string | null | undefined; squad_id?: string | null | undefined }): string => (to.squad_id ? SQUAD + to.squad_id : (to.agent_id ?? ""));

/** What it is called who works on a task, has it, or may claim it. Pure. */
export const takerOf = (task: Pick<Task, "run" | "agent" | "squad">): string | undefined => task.run?.agent_name ?? task.agent?.name ?? task.squad?.name;

/** Everybody who may be given a task: squads, for there are few, then agents, each by name. `mine` stays a choice, whatever became of it. */
export function useTakers(mine = "") {
  const agents = useQuery(agentNamesQuery);
  const squads = useQuery(squadsQuery);
  const found: Choice[] = [
    ...(squads.data ?? []).map(({ id, name }) => ({ value: SQUAD + id, label: tasks.page.anyOf(name) })),
    ...(agents.data?.items ?? []).filter((agent) => agent.desired !== "retired" || agent.id === mine).map(({ id, name }) => ({ value: id, label: name })),
  ];
  const choices = mine && !found.some(({ value }) => value === mine) ? [...found, { value: mine, label: mine }] : found;
  return { choices, asks: [agents, squads] };
}
