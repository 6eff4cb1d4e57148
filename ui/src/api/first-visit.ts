import type { UrgentAgents } from "@/api/types";
import { remember, remembered } from "@/lib/storage";

const KEPT_AS = "welcome";
const LEFT = "later";

/** Nobody has called a model here yet: there is no agent, or one that was made by hand and has not called. Pure. */
export const isFirstVisit = ({ present, items: [first] }: Pick<UrgentAgents, "present" | "items">): boolean =>
  present === 0 || (present === 1 && first !== undefined && first.last_call_at === null && !first.declared && first.open_runs.length === 0);

/** Whoever left the first steps for now is not led to them again in this browser. */
export const leaveFirstSteps = (): void => remember(KEPT_AS, LEFT);
export const leftFirstSteps = (): boolean => remembered(KEPT_AS) === LEFT;
