import { useQuery } from "@tanstack/react-query";

import { agentNamesQuery } from "@/api/agents";
import type { CallFilter, ValueField } from "@/api/calls";
import { valuesQuery } from "@/api/calls";
import { outcomeWord } from "@/components/call-words";
import type { Pick } from "@/components/pick-list";
import type { FieldName } from "@/features/calls/fields";
import { parseRange, specOf } from "@/features/calls/fields";
import { formatBytes, formatCompact, formatCount, formatDuration, formatMoney, NANO } from "@/lib/format";
import { callFields as say } from "@/strings/call-fields";

/** Of these any may be asked for that there is, and nothing else. */
const LISTED = ["project", "goal", "person"] as const;

/** Whether it is one of these. Pure. */
export const isListed = (name: FieldName): name is (typeof LISTED)[number] => LISTED.some((each) => each === name);

/** A value of a few words, as it is said. Pure. */
export function wordOf(name: FieldName, value: string): string {
  if (name === "outcome") return value === "failed" ? say.anyFailure : outcomeWord(value);
  if (name === "status") return say.classes[value] ?? value;
  return say.choices[name]?.[value] ?? value;
}

/** What a field's value says, names apart. Pure. */
export function shownValue(name: FieldName, value: string): string {
  const spec = specOf(name);
  if (spec.kind === "flag") return value === "yes" ? say.flags.yes : say.flags.no;
  if (spec.kind !== "range") return wordOf(name, value);
  const of = (bound: number) => {
    if (spec.unit === "ms") return formatDuration(bound);
    if (spec.unit === "dollars") return formatMoney(bound * NANO);
    return spec.unit === "bytes" ? formatBytes(bound) : formatCount(bound);
  };
  const { least, most } = parseRange(value) ?? {};
  if (least !== undefined && most !== undefined) return say.between(of(least), of(most));
  return least === undefined ? say.atMost(of(most ?? 0)) : say.atLeast(of(least));
}

type Values = { items: Pick[]; lookedBackTo: string | null; pending: boolean; error: unknown };

const NOTHING_ASKED = { lookedBackTo: null, pending: false, error: null } as const;

/** What to choose a field's value from: words that are known, names that are, and what the calls of the other filters have. One of a list is chosen elsewhere. */
export function useFieldValues(name: FieldName, filter: CallFilter): Values {
  const spec = specOf(name);
  const asked = spec.kind === "value" && !isListed(name);
  const { data, isPending, error } = useQuery({ ...valuesQuery(spec.param as ValueField, filter), enabled: asked });
  const agents = useQuery({ ...agentNamesQuery, enabled: name === "agent" });
  const named = (name === "agent" ? (agents.data?.items ?? []) : []).map((row) => ({ id: row.id, label: row.name }));
  if (spec.kind === "words") return { items: spec.choices.map((id) => ({ id, label: wordOf(name, id) })), ...NOTHING_ASKED };
  if (spec.kind === "flag") return { items: (["yes", "no"] as const).map((id) => ({ id, label: say.flags[id] })), ...NOTHING_ASKED };
  const seen: Pick[] = (data?.items ?? []).map((each) => ({ id: each.value, label: each.label, note: formatCompact(each.calls) }));
  const known = new Set(seen.map((each) => each.id));
  const others = named.filter((each) => !known.has(each.id));
  const classes = name === "status" ? ["2xx", "4xx", "5xx"].map((id) => ({ id, label: wordOf(name, id) })) : [];
  return { items: [...classes, ...seen, ...others], lookedBackTo: data?.counted_back_to ?? null, pending: asked && isPending, error: data ? null : error };
}
