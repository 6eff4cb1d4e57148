import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { removeSignalPolicy, setSignalPolicy, signalKeys, signalPoliciesQuery } from "@/api/signals";
import type { SignalResponse } from "@/api/types";
import { Button } from "@/components/button";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import type { Choice } from "@/components/field";
import { SelectField } from "@/components/field";
import type { Rule, RuleChange, RuleDraft, RuleScope } from "@/components/signal-rules/rules";
import { chosen, floorsOf, responsesTo, rulesFor, unsaved, without, written } from "@/components/signal-rules/rules";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { formatSpan } from "@/lib/format";
import { signalRules as say } from "@/strings/signal-rules";

/** What is done about each kind of signal of somebody. Nothing holds before it is saved: on the way to a choice lies one that ends runs. */
export function SignalRules({ scope, subjectId, label }: RuleScope & { label: string }) {
  const { data: policies, error, refetch } = useQuery(signalPoliciesQuery);
  const client = useQueryClient();
  const [draft, setDraft] = useState<RuleDraft>({});
  const allowed = useMay("administer");
  const rules = useMemo(() => rulesFor({ scope, subjectId }, policies ?? []), [scope, subjectId, policies]);
  const read = () => client.invalidateQueries({ queryKey: signalKeys.policies() });
  const save = useMutation({
    mutationFn: async (asked: RuleDraft) => {
      for (const each of written({ scope, subjectId }, rules, unsaved(asked, rules))) {
        await (each.response === null ? removeSignalPolicy(each) : setSignalPolicy(each));
      }
    },
    // The draft stands until the rules are read again: without it a choice would fall back to the old one for a moment.
    // What was chosen meanwhile is not saved yet, and stays.
    onSuccess: async (_, asked) => {
      await read();
      setDraft((now) => without(now, asked));
      toast({ text: say.saved, tone: "work" });
    },
    onError: (problem) => {
      toast({ text: asProblem(problem).message, tone: "wrong" });
      return read();
    },
  });
  const columns = useMemo(() => ruleColumns(draft, allowed ? (rule, change) => setDraft((now) => chosen(now, rule, change)) : undefined, scope === "workspace"), [draft, allowed, scope]);
  if (error && !policies) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!policies) return <SkeletonRows />;
  const count = Object.keys(unsaved(draft, rules)).length;
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-2">
      <DataTable label={label} columns={columns} rows={rules} rowId={(rule) => rule.kind} stacks />
      <div className="flex flex-wrap items-center justify-end gap-2">
        <p role="status" className="mr-auto text-s text-muted">
          {count > 0 ? say.dirty(count) : say.help}
        </p>
        {count > 0 && (
          <>
            <Button onClick={() => setDraft({})}>{say.discard}</Button>
            <Button variant="primary" busy={save.isPending} onClick={() => save.mutate(draft)}>
              {say.save}
            </Button>
          </>
        )}
      </div>
    </div>
  );
}

type Change = (rule: Rule, change: RuleChange) => void;

function ruleColumns(draft: RuleDraft, change: Change | undefined, floors: boolean): Column<Rule>[] {
  return [
    {
      id: "kind",
      header: say.columns.kind,
      cell: ({ kind }) => (
        <span className="grid gap-0.5">
          <span className="font-[560]">{say.kinds[kind].name}</span>
          <span className="text-s text-muted">{say.kinds[kind].help}</span>
        </span>
      ),
    },
    {
      id: "response",
      header: say.columns.response,
      cell: (rule) => (
        <span className="grid gap-1 @min-[520px]:w-[290px]">
          <ResponseTo rule={rule} wanted={draft[rule.kind]?.response} change={change} />
          {floors && <Floor rule={rule} wanted={draft[rule.kind]?.floor_s} change={change} />}
        </span>
      ),
    },
  ];
}

function ResponseTo({ rule, wanted, change }: { rule: Rule; wanted: SignalResponse | null | undefined; change: Change | undefined }) {
  const word = say.responses[rule.inherited];
  if (!change) return <span>{rule.own ? say.responses[rule.own] : say.inherited[rule.from](word)}</span>;
  const choices: Choice[] = responsesTo(rule.kind).map((value) => ({ value, label: say.responses[value] }));
  return (
    <SelectField
      label={say.responseTo(say.kinds[rule.kind].name)}
      labelHidden
      value={(wanted === undefined ? rule.own : wanted) ?? ""}
      onChange={(event) => change(rule, { response: (event.target.value || null) as SignalResponse | null })}
      choices={[{ value: "", label: rule.own ? say.takeBack[rule.from](word) : say.inherited[rule.from](word) }, ...choices]}
    />
  );
}

/** The least time of what is told by the clock. */
function Floor({ rule, wanted, change }: { rule: Rule; wanted: number | null | undefined; change: Change | undefined }) {
  const floors = floorsOf(rule.kind, rule.floor_s);
  if (floors.length === 0) return null;
  const value = wanted === undefined ? rule.floor_s : wanted;
  const word = (seconds: number) => say.floor(formatSpan(seconds * 1_000));
  if (!change) return <span className="text-s text-muted">{floors.filter((each) => each.value === value).map((each) => word(each.seconds))}</span>;
  return (
    <SelectField
      label={say.floorOf(say.kinds[rule.kind].name)}
      labelHidden
      value={value ?? ""}
      onChange={(event) => change(rule, { floor_s: Number(event.target.value) || null })}
      choices={floors.map((each) => ({ value: String(each.value ?? ""), label: word(each.seconds) }))}
    />
  );
}
