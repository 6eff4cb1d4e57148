import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { capKeys, changeLimit, createLimit } from "@/api/caps";
import type { Limit, LimitDraft } from "@/api/types";
import { SelectField, TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { ScopeValue } from "@/components/scope-value";
import { toast } from "@/components/toast";
import { LimitShares } from "@/features/gateway/limit-shares";
import type { Share } from "@/features/gateway/shares";
import { sharesOf, weightsOf } from "@/features/gateway/shares";
import { choicesOf, field } from "@/lib/form";
import { limits } from "@/strings/limits";

const say = limits.form;
const MOST = 10 ** 12;
const MOST_WAIT_S = 600;
const USUAL_WAIT_S = 5;

/** At these a call may wait for its turn: it is the provider that is busy, not they who ask too much. */
const canWait = (scope: string): boolean => scope === "provider" || scope === "credential";

type Props = { limit?: Limit; onClose: () => void };

/** A new limit, or other figures for one there is: what it is of, and what it counts, stays. */
export function LimitDialog({ limit, onClose }: Props) {
  const client = useQueryClient();
  const [scope, setScope] = useState<string>(limit?.scope_kind ?? "agent");
  const [measure, setMeasure] = useState<LimitDraft["measure"]>(limit?.measure ?? "requests");
  const [shares, setShares] = useState(() => sharesOf(limit?.weights ?? {}));
  const save = async (form: FormData) => {
    const figures = figuresOf(form, scope, shares);
    await (limit ? changeLimit(limit, figures) : createLimit({ ...figures, ...subjectOf(form, scope, measure) }));
    await client.invalidateQueries({ queryKey: capKeys.all });
    toast({ text: limit ? limits.changed : say.saved, tone: "work" });
    return undefined;
  };
  const unit = limits.measures[measure] + (limit?.per ? ` / ${limit.per}` : "");
  return (
    <FormDialog title={limit ? limits.changeLabel(limits.scope(limit.scope), unit) : say.create} act={limit ? limits.change : say.act} onClose={onClose} save={save}>
      {!limit && (
        <>
          <SelectField label={say.scope} value={scope} onChange={(event) => setScope(event.target.value)} choices={choicesOf(say.scopes)} />
          {scope !== "workspace" && <ScopeValue scope={scope} />}
          <SelectField label={say.measure} value={measure} onChange={(event) => setMeasure(event.target.value as LimitDraft["measure"])} choices={choicesOf(say.measures)} />
        </>
      )}
      <div className="grid grid-cols-2 gap-3">
        <TextField label={say.amount} name="amount" type="number" min={1} max={MOST} step={1} required defaultValue={limit?.amount ?? ""} />
        {!limit && measure !== "concurrent" && <SelectField label={say.per} name="per" defaultValue="minute" choices={choicesOf(say.periods)} />}
      </div>
      {measure !== "concurrent" && <TextField label={say.burst} name="burst" type="number" min={1} max={MOST} step={1} defaultValue={limit?.burst ?? ""} hint={say.burstHint} />}
      {canWait(scope) && (
        <>
          <TextField label={say.wait} name="wait" type="number" min={0} max={MOST_WAIT_S} step="any" required defaultValue={limit ? limit.max_wait_ms / 1_000 : USUAL_WAIT_S} hint={say.waitHint} />
          <LimitShares shares={shares} change={setShares} />
        </>
      )}
    </FormDialog>
  );
}

function figuresOf(form: FormData, scope: string, shares: Share[]) {
  return {
    amount: Number(field(form, "amount")),
    burst: Number(field(form, "burst")) || null,
    ...(canWait(scope) ? { max_wait_ms: Math.round(Number(field(form, "wait")) * 1_000), weights: weightsOf(shares) } : {}),
  };
}

function subjectOf(form: FormData, scope: string, measure: LimitDraft["measure"]): Pick<LimitDraft, "scope" | "measure" | "per"> {
  return {
    scope: scope === "workspace" ? scope : `${scope}:${field(form, "value").trim()}`,
    measure,
    per: measure === "concurrent" ? null : (field(form, "per") as NonNullable<LimitDraft["per"]>),
  };
}
