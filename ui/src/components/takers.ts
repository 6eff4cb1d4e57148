import type { Task } from "@/api/types";

/** Stands before a squad's id where agents and squads are chosen from one list. */
export const SQUAD = "squad:";

export type GivenTo = { agent_id: string | null; squad_id: string | null };

/** Who a choice says is to do a task: an agent, any agent of a squad, or with neither any agent. Pure. */
export const givenTo = (choice: string): GivenTo =>
  choice.startsWith(SQUAD) ? { agent_id: null, squad_id: choice.slice(SQUAD.length) } : { agent_id: choice || null, squad_id: null };

/** The choice that says this; "": any agent. Pure. */
export const choiceOf = (to: { agent_id?: string | null | undefined; squad_id?: string | null | undefined }): string => (to.squad_id ? SQUAD + to.squad_id : (to.agent_id ?? ""));

/** What it is called who works on a task, has it, or may claim it. Pure. */
export const takerOf = (task: Pick<Task, "run" | "agent" | "squad">): string | undefined => task.run?.agent_name ?? task.agent?.name ?? task.squad?.name;
