import type { SignalKind, SignalPolicy, SignalResponse } from "@/api/types";

/** Whom rules are for: `subjectId` is the agent or the project. */
export type RuleScope = { scope: SignalPolicy["scope"]; subjectId: string | null };

/** A kind of signal with what is done about it here. `own` is null where nobody said so here. */
export type Rule = { kind: SignalKind; own: SignalResponse | null; inherited: SignalResponse; from: "default" | "workspace" | "project"; floor_s: number | null };
export type RuleChange = { response?: SignalResponse | undefined; floor_s?: number | null };
export type RuleDraft = Partial<Record<SignalKind, RuleChange>>;

const KINDS: SignalKind[] = ["looping", "ping_pong", "stuck", "silent", "failing", "context_pressure", "cost_anomaly", "forecast", "provider_trouble", "unclaimed_traffic"];
const MAY_STOP: SignalKind[] = ["looping", "ping_pong", "stuck", "silent", "failing", "cost_anomaly"];
/** The least times there are when nobody said another, in seconds. */
const USUAL_FLOOR_S: Partial<Record<SignalKind, number>> = { stuck: 1_200, silent: 300 };
const FLOORS_S = [60, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 86_400];

/** Only what is about one run's own doing may stop it. Pure. */
export const responsesTo = (kind: SignalKind): SignalResponse[] => (MAY_STOP.includes(kind) ? ["off", "observe", "notify", "pause", "kill"] : ["off", "observe", "notify"]);

/** What may be noticed of whom: a provider's trouble is nobody's own, traffic without a task is in no project. Pure. */
const concerns = (kind: SignalKind, scope: RuleScope["scope"]): boolean => scope === "workspace" || (kind !== "provider_trouble" && !(scope === "project" && kind === "unclaimed_traffic"));

/** The rules as they stand for somebody, kind by kind. Pure. */
export function rulesFor({ scope, subjectId }: RuleScope, policies: SignalPolicy[]): Rule[] {
  return KINDS.filter((kind) => concerns(kind, scope)).map((kind) => {
    const here = policies.filter((each) => each.kind === kind);
    const own = here.find((each) => each.scope === scope && each.subject_id === subjectId);
    const workspace = scope === "workspace" ? undefined : here.find((each) => each.scope === "workspace");
    const byProject = scope === "agent" && here.some((each) => each.scope === "project");
    return {
      kind,
      own: own?.response ?? null,
      inherited: workspace?.response ?? (kind === "unclaimed_traffic" ? "observe" : "notify"),
      from: byProject ? "project" : workspace ? "workspace" : "default",
      floor_s: own?.floor_s ?? null,
    };
  });
}

/** The least times that are offered for a kind, the usual one as null; none where there is no such time. Pure. */
export function floorsOf(kind: SignalKind, now: number | null): { value: number | null; seconds: number }[] {
  const usual = USUAL_FLOOR_S[kind];
  if (usual === undefined) return [];
  const all = [...new Set([...FLOORS_S, ...(now === null ? [] : [now])])].sort((a, b) => a - b);
  return all.map((seconds) => ({ value: seconds === usual && now !== usual ? null : seconds, seconds }));
}

/** A draft with one more change, and without what is again as it is kept. Pure. */
export function changed(draft: RuleDraft, rule: Rule, change: RuleChange): RuleDraft {
  const all = { ...draft[rule.kind], ...change };
  const response = all.response === undefined || all.response === rule.own ? {} : { response: all.response };
  const floor = all.floor_s === undefined || all.floor_s === rule.floor_s ? {} : { floor_s: all.floor_s };
  const left = { ...response, ...floor };
  const others = Object.entries(draft).filter(([kind]) => kind !== rule.kind);
  return Object.fromEntries(Object.keys(left).length > 0 ? [...others, [rule.kind, left]] : others);
}

/** What is to be written for a draft. The least time belongs to the whole workspace, and stays where it is not changed. Pure. */
export function written({ scope, subjectId }: RuleScope, rules: Rule[], draft: RuleDraft) {
  return rules.flatMap((rule) => {
    const change = draft[rule.kind];
    if (!change) return [];
    const floor = change.floor_s === undefined ? rule.floor_s : change.floor_s;
    return [{ scope, subject_id: subjectId, kind: rule.kind, response: change.response ?? rule.own ?? rule.inherited, floor_s: floor }];
  });
}
