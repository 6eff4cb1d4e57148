import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { asProblem } from "@/api/problem";
import { draftQuery } from "@/api/routes";
import type { DryRun } from "@/api/types";
import { SelectField, TextField } from "@/components/field";
import { Outcome } from "@/features/gateway/dry-run-dialog";
import type { Json } from "@/features/gateway/tree-edit";
import { problemsByPlace } from "@/features/gateway/tree-edit";
import { useSettled } from "@/lib/use-settled";
import { gateway } from "@/strings/gateway";

const say = gateway.edit;

/** What the server makes of a draft: what is wrong with it, by place, or where a call would go. */
export function useDraft(config: Json, providers: string[]) {
  const [model, setModel] = useState("gpt-4o-mini");
  const [failing, setFailing] = useState("");
  const ask = useMemo(() => ({ config, model, answers: failing ? { [failing]: 503 } : {} }), [config, model, failing]);
  const asked = useSettled(ask, 200);
  const { data, error, isFetching } = useQuery({ ...draftQuery(asked), placeholderData: keepPreviousData });
  const problems = useMemo(() => {
    const listed = error ? asProblem(error).extra.problems : [];
    return problemsByPlace(Array.isArray(listed) && listed.length > 0 ? (listed as string[]) : error ? [asProblem(error).message] : []);
  }, [error]);
  const taken = useMemo(() => new Set(error ? [] : (data?.steps.slice(-1).map((step) => step.option) ?? [])), [data, error]);
  return { model, setModel, failing, setFailing, found: error ? undefined : data, problems, taken, checking: isFetching || asked !== ask, providers };
}

export type Draft = ReturnType<typeof useDraft>;

/** Where a call would go by the draft, asked anew with every change. Nothing is sent. */
export function DraftDryRun({ draft }: { draft: Draft }) {
  const { found, problems } = draft;
  return (
    <div className="card grid gap-3 p-4">
      <TextField label={gateway.dry.model} value={draft.model} autoComplete="off" onChange={(event) => draft.setModel(event.target.value)} />
      <SelectField
        label={say.ifFails}
        value={draft.failing}
        choices={[{ value: "", label: say.noneFails }, ...draft.providers.map((each) => ({ value: each, label: each }))]}
        onChange={(event) => draft.setFailing(event.target.value)}
      />
      <div aria-live="polite" className="grid gap-3">
        {found ? <Found found={found} /> : problems.size > 0 ? <p className="text-s text-wrong">{say.wrong}</p> : <p className="text-s text-faint">{say.checking}</p>}
      </div>
    </div>
  );
}

function Found({ found }: { found: DryRun }) {
  const last = found.steps[found.steps.length - 1];
  return (
    <>
      {last && <p className="font-[560]">{found.status < 400 ? say.wouldGo(last.provider, last.model ?? "") : say.wouldFail(found.status)}</p>}
      {found.decisions.length > 0 && (
        <ul className="grid gap-0.5 text-s text-muted">
          {found.decisions.map((each, at) => (
            <li key={at}>
              {say.because} {each.words}
            </li>
          ))}
        </ul>
      )}
      <Outcome found={found} />
    </>
  );
}
