import type { Channel, NotificationKind, NotificationRule } from "@/api/types";
import { groupedKinds, kindFits } from "@/components/channels/kinds";
import { notifications } from "@/strings/notifications";

const say = notifications.rules;
/** So many kinds are named; the rest are counted. */
const NAMED = 2;

export const EVERYTHING: NotificationRule = { kinds: ["*"], agent_id: null, task_id: null, project_id: null, at_least: "low", channels: [], in_app: true, how: "now" };

type Names = { agents: Map<string, string>; projects: Map<string, string> };

/** What a rule is about: "Reviews of drafting that is urgent". A group that is there whole has its name. Pure. */
export function aboutWords(rule: NotificationRule, kinds: NotificationKind[], { agents, projects }: Names): string {
  const narrowed = [
    rule.agent_id && say.ofAgent(agents.get(rule.agent_id) ?? rule.agent_id),
    rule.project_id && say.inProject(projects.get(rule.project_id) ?? rule.project_id),
    rule.task_id && say.onTask,
    say.atLeast[rule.at_least],
  ];
  return [kindWords(rule.kinds, kinds), ...narrowed].filter(Boolean).join(" ");
}

function kindWords(patterns: string[], kinds: NotificationKind[]): string {
  if (patterns.includes("*")) return say.everything;
  const takes = (kind: string) => patterns.some((pattern) => kindFits(kind, pattern));
  const names = groupedKinds(kinds).flatMap(({ group, kinds: all }) => {
    const some = all.filter(({ kind }) => takes(kind));
    return some.length === all.length ? [group] : some.map(({ name }) => name);
  });
  if (names.length === 0) return patterns.join(", ");
  return say.kinds(names.slice(0, NAMED), Math.max(0, names.length - NAMED));
}

/** Where it goes and when: "Chrome on Linux and here, at once". Pure. */
export function whereWords(rule: NotificationRule, channels: Channel[]): string {
  if (rule.how === "mute") return say.how.mute ?? "";
  const names = rule.channels.flatMap((id) => channels.find((each) => each.id === id)?.name ?? []);
  if (names.length === 0) return rule.in_app ? say.here : say.nowhere;
  return `${names.join(", ")}, ${say.how[rule.how] ?? rule.how}${rule.in_app ? "" : `; ${say.notHere}`}`;
}

/** The rules without channels that are gone: the server refuses to be told of them. Pure. */
export const withKnown = (rules: NotificationRule[], channels: Channel[]): NotificationRule[] =>
  rules.map((rule) => ({ ...rule, channels: rule.channels.filter((id) => channels.some((each) => each.id === id)) }));

/** What a form says, on top of the rule there was. Patterns of kinds that the form does not show stay. Pure. */
export function ruleOf(form: FormData, before: NotificationRule, kinds: NotificationKind[]): NotificationRule {
  const several = (name: string) => form.getAll(name).filter((each) => typeof each === "string");
  const one = (name: string) => several(name)[0] ?? "";
  const hidden = before.kinds.filter((pattern) => pattern !== "*" && !kinds.some(({ kind }) => kindFits(kind, pattern)));
  const ticked = [...several("kinds"), ...hidden];
  const how = one("how") as NotificationRule["how"];
  return {
    ...before,
    kinds: ticked.length > 0 ? ticked : ["*"],
    agent_id: one("agent") || null,
    project_id: one("project") || null,
    at_least: one("at_least") as NotificationRule["at_least"],
    channels: how === "mute" ? [] : several("channels"),
    in_app: form.has("here"),
    how,
  };
}
