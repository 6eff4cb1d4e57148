import type { UrgentAgents } from "@/api/types";

/** Nobody has called a model here yet: there is no agent, or one that was made by hand and has not called. Pure. */
export const isFirstVisit = ({ present, items: [first] }: Pick<UrgentAgents, "present" | "items">): boolean =>
  present === 0 || (present === 1 && first !== undefined && first.last_call_at === null && !first.declared && first.open_runs.length === 0);
