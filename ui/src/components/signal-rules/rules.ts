import { constants } from "@/api/constants.gen";
import type { SignalKind, SignalPolicy, SignalResponse } from "@/api/types";

/** Whom rules are for: `subjectId` is the agent or the project. */
export type RuleScope = { scope: SignalPolicy["scope"]; subjectId: string | null };

/** A kind of signal with what is done about it here. `own` is null where nobody said so here. */
export type Rule = { kind: SignalKind; own: SignalResponse | null; inherited: SignalResponse; from: "default" | "workspace" | "project"; floor_s: number | null };
/** What was chosen: null takes the rule back, or goes by the usual least time. */
export type RuleChange = { response?: SignalResponse | null; floor_s?: number | null };
export type RuleDraft = Partial<Record<SignalKind, RuleChange>>;

const KINDS: SignalKind[] = constants.signals.map(({ kind }) => kind);
const known = (kind: SignalKind) => constants.signals.find((each) => each.kind === kind);
/** The least times there are when nobody said another, in seconds. */
const USUAL_FLOOR_S: Partial<Record<SignalKind, number>> = constants.signal_floors_s;
const FLOORS_S = [60, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 86_400];

/** Only what is about one run's own doing may stop it. Pure. */
export const responsesTo = (kind: SignalKind): SignalResponse[] => (known(kind)?.may_stop ? ["off", "observe", "notify", "pause", "kill"] : ["off", "observe", "notify"]);

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
      inherited: workspace?.response ?? (known(kind)?.usual_response ?? "notify"),
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

/** A draft with one more choice. Pure. */
export const chosen = (draft: RuleDraft, { kind }: Rule, change: RuleChange): RuleDraft => ({ ...draft, [kind]: { ...draft[kind], ...change } });

/** Of what was chosen, what is not as it is kept. Pure. */
export function unsaved(draft: RuleDraft, rules: Rule[]): RuleDraft {
  const left = rules.flatMap((rule): [SignalKind, RuleChange][] => {
    const { response, floor_s } = draft[rule.kind] ?? {};
    const change = { ...(response === undefined || response === rule.own ? {} : { response }), ...(floor_s === undefined || floor_s === rule.floor_s ? {} : { floor_s }) };
    return Object.keys(change).length > 0 ? [[rule.kind, change]] : [];
  });
  return Object.fromEntries(left);
}

/** A draft without what was saved; what was chosen since stays, the way back included. Pure. */
export const without = (draft: RuleDraft, saved: RuleDraft): RuleDraft => Object.fromEntries(Object.entries(draft).filter(([kind, change]) => saved[kind as SignalKind] !== change));

type Wanted = { scope: RuleScope["scope"]; subject_id: string | null; kind: SignalKind };
export type Written = Wanted & ({ response: SignalResponse; floor_s: number | null } | { response: null });

/** What is to be written for a draft; a null response takes the rule back. The least time belongs to the whole workspace, and stays where it is not changed. Pure. */
export function written({ scope, subjectId }: RuleScope, rules: Rule[], draft: RuleDraft): Written[] {
  return rules.flatMap((rule): Written[] => {
    const change = draft[rule.kind];
    if (!change) return [];
    const wanted: Wanted = { scope, subject_id: subjectId, kind: rule.kind };
    const floor_s = change.floor_s === undefined ? rule.floor_s : change.floor_s;
    const response = change.response === undefined ? rule.own : change.response;
    // The usual response beside a least time of one's own: the row stays, and says what is usual.
    return [response === null && floor_s === null ? { ...wanted, response } : { ...wanted, response: response ?? rule.inherited, floor_s }];
  });
}
