import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { capKeys, createBudget, raiseBudget } from "@/api/caps";
import type { Budget, BudgetDraft } from "@/api/types";
import { SelectField, TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { ScopeValue } from "@/components/scope-value";
import { toast } from "@/components/toast";
import { choicesOf, field, nanoOf } from "@/lib/form";
import { NANO } from "@/lib/format";
import { budgets } from "@/strings/budgets";
import { scopeWords } from "@/strings/common";

const say = budgets.form;

type Props = { budget?: Budget; onClose: () => void };

/** A new budget, or a new cap for one there is. */
export function BudgetDialog({ budget, onClose }: Props) {
  const client = useQueryClient();
  const [scope, setScope] = useState("agent");
  const save = async (form: FormData) => {
    const amount = nanoOf(field(form, "amount")) ?? 0;
    await (budget ? raiseBudget(budget, amount) : createBudget(draftOf(scope, amount, form)));
    await client.invalidateQueries({ queryKey: capKeys.all });
    toast({ text: budget ? budgets.raised : say.saved, tone: "work" });
    return undefined;
  };
  return (
    <FormDialog title={budget ? budgets.raiseLabel(scopeWords(budget.scope)) : say.create} act={budget ? budgets.raise : say.act} onClose={onClose} save={save}>
      {!budget && (
        <>
          <SelectField label={say.scope} value={scope} onChange={(event) => setScope(event.target.value)} choices={choicesOf(say.scopes)} />
          {scope !== "workspace" && <ScopeValue scope={scope} />}
        </>
      )}
      <TextField label={budget ? budgets.newCap : say.amount} name="amount" type="number" min="0" step="0.01" required defaultValue={budget ? String(budget.amount_nano / NANO) : "5"} />
      {!budget && (
        <>
          <SelectField label={say.window} name="window" defaultValue="day" choices={choicesOf(budgets.windows)} />
          <SelectField label={say.mode} name="mode" defaultValue="hard" choices={choicesOf(budgets.modes)} />
        </>
      )}
    </FormDialog>
  );
}

function draftOf(scope: string, amount: number, form: FormData): BudgetDraft {
  return {
    scope: scope === "workspace" ? scope : `${scope}:${field(form, "value").trim()}`,
    amount_nano: amount,
    window: field(form, "window") as BudgetDraft["window"],
    mode: field(form, "mode") as NonNullable<BudgetDraft["mode"]>,
  };
}
