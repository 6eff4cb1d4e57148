import type { Agent, Stand, Status, StatusState } from "@/api/types";
import type { Tone } from "@/components/chip";
import { agents } from "@/strings/agents";

const say = agents.status;

const TONE: Record<StatusState, Tone | "idle"> = {
  streaming: "work",
  thinking: "work",
  using_tool: "work",
  working: "work",
  waiting_provider: "wait",
  waiting_person: "wait",
  waiting_agent: "wait",
  paused: "wait",
  silent: "wrong",
  stuck: "wrong",
  looping: "wrong",
  over_budget: "wrong",
  idle: "idle",
  offline: "idle",
  never_connected: "idle",
  queued: "idle",
  retired: "done",
  over: "done",
};

/** Newer servers may know states that this page does not: those are shown in their own words, quietly. */
export const toneOf = (state: StatusState): Tone | "idle" => (TONE as Partial<Record<string, Tone | "idle">>)[state] ?? "idle";

export const isWorking = (status: Pick<Status, "state">): boolean => toneOf(status.state) === "work";
export const isWrong = (status: Status): boolean => toneOf(status.state) === "wrong";

export type Said = { text: string; /** When it began, where the page counts on from there. */ since: string | null };

const WITHOUT_TIME: readonly StatusState[] = ["idle", "offline", "never_connected", "retired", "over", "queued", "stuck"];

const NAME_LENGTH = 60;
/** What is waited for may have a long title: so much of it tells which it is, and the time behind it stays in sight. */
const short = (name: string): string => (name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 1).trimEnd()}…` : name);

/** A status in words. The server's words hold the time of their making; where the page lets it tick, they are said anew. Pure. */
export function said(status: Status, me?: string): Said {
  const { state, words, since, waits_for: waits } = status;
  if (waits && state === "waiting_agent") return { text: say.waitsFor(short(waits.name)), since };
  if (waits && state === "waiting_person") return { text: `${waits.id === me ? say.waitsForYou : say.waitsFor(short(waits.name))}${status.reason ? `: ${status.reason}` : ""}`, since };
  if (state === "silent") return { text: say.silent, since };
  if (state === "offline") return { text: say.offline, since };
  // The words of what is stuck hold their time in the middle.
  return { text: words, since: WITHOUT_TIME.includes(state) ? null : since };
}

/** How agents that are all here stand. Pure. */
export const standsOf = (agents: Pick<Agent, "status">[]): Stand[] => agents.map(({ status }) => ({ state: status.state, waits_for: status.waits_for, count: 1 }));

export type Clause = { tone?: "work" | "wait" | "wrong"; text: string };

/** "Three agents work, one loops, two wait for T-1": the parts of the sentence that answers for all agents. Pure. */
export function clauses(stands: Stand[], me?: string): Clause[] {
  const of = (...states: StatusState[]) => stands.filter((each) => states.includes(each.state));
  const found: Clause[] = [];
  const working = total(stands.filter(isWorking));
  found.push({ text: working === 0 ? say.nobodyWorks : say.work(working) });
  const tell = (some: Stand[], tone: Clause["tone"], text: (count: number) => string) => {
    if (some.length > 0) found.push({ ...(tone ? { tone } : {}), text: text(total(some)) });
  };
  tell(of("looping"), "wrong", say.loop);
  tell(of("stuck"), "wrong", say.stuck);
  tell(of("silent"), "wrong", say.areSilent);
  tell(of("over_budget"), "wrong", say.overBudget);
  const people = of("waiting_person");
  tell(people.filter((each) => each.waits_for?.id === me), "wait", say.waitForYou);
  tell(people.filter((each) => each.waits_for?.id !== me), "wait", say.waitForPerson);
  for (const [name, some] of byName(of("waiting_provider"))) tell(some, "wait", (count) => say.waitForNamed(count, name));
  const tasks = byName(of("waiting_agent"));
  const [only] = tasks;
  if (tasks.length === 1 && only) tell(only[1], "wait", (count) => say.waitForNamed(count, only[0].split(" ")[0] ?? only[0]));
  else tell(of("waiting_agent"), "wait", say.waitForTasks);
  tell(of("paused"), "wait", say.arePaused);
  return found;
}

export const total = (stands: Stand[]): number => stands.reduce((sum, each) => sum + each.count, 0);

function byName(some: Stand[]): [string, Stand[]][] {
  const found = new Map<string, Stand[]>();
  for (const each of some) found.set(each.waits_for?.name ?? "", [...(found.get(each.waits_for?.name ?? "") ?? []), each]);
  return [...found];
}
