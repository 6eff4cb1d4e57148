import type { Duties } from "@/api/types";
import { settings as say } from "@/strings/settings";

const KINDS = ["tasks", "reviews", "agents", "schedules", "projects", "goals"] as const;
/** So many of a kind are named, the rest counted. */
export const NAMED = 4;

/** What a member answers for, a line a kind: `2 agents: research and writer`. `names` are those known by id. Pure. */
export function dutyLines(duties: Duties, names: ReadonlyMap<string, string>): string[] {
  return KINDS.filter((kind) => duties[kind].length > 0).map((kind) => {
    const count = say.duties[kind](duties[kind].length);
    const known = duties[kind].flatMap((id) => names.get(id) ?? []).slice(0, NAMED);
    return known.length > 0 ? say.dutyNames(count, known, duties[kind].length - known.length) : count;
  });
}
