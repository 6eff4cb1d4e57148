import { useMutation } from "@tanstack/react-query";
import { ArrowDown } from "lucide-react";
import { useState } from "react";

import { dryRun } from "@/api/routes";
import type { DryRun } from "@/api/types";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { SelectField, TextField } from "@/components/field";
import { ProblemNote } from "@/components/states";
import { gateway } from "@/strings/gateway";

const say = gateway.dry;

export function DryRunDialog({ route, onClose }: { route: string; onClose: () => void }) {
  const [model, setModel] = useState("gpt-4o-mini");
  const attempt = useMutation({ mutationFn: () => dryRun({ route, model }) });
  return (
    <Dialog open onOpenChange={onClose} title={say.title} description={say.help}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          attempt.mutate();
        }}
      >
        <SelectField label={say.route} value={route} choices={[{ value: route, label: route }]} disabled />
        <TextField label={say.model} value={model} onChange={(event) => setModel(event.target.value)} required autoComplete="off" />
        <Button type="submit" variant="primary" busy={attempt.isPending}>
          {say.act}
        </Button>
        <div aria-live="polite">
          {attempt.error && <ProblemNote error={attempt.error} />}
          {attempt.data && <Outcome found={attempt.data} />}
        </div>
      </form>
    </Dialog>
  );
}

/** `config.targets[0].targets[1]` as the editor calls it: "target 1.2"; anything else as it is. Pure. */
export function targetWords(place: string): string {
  const at = [...place.matchAll(/targets\[(\d+)\]/g)].map(([, index]) => Number(index) + 1);
  return at.length > 0 ? gateway.edit.target(at.join(".")) : place;
}

/** The targets that would be asked, one after the other. */
export function Outcome({ found }: { found: DryRun }) {
  if (found.steps.length === 0) return <p className="text-wrong">{say.nothing}</p>;
  return (
    <div className="grid gap-3">
      <ol className="grid gap-1.5">
        {found.steps.map((step, index) => (
          <li key={`${step.option}-${index}`} className="card px-3 py-2">
            <span className="font-[560]">
              {step.provider === null ? [gateway.tree.asked, step.model].filter(Boolean).join(", ") : [step.provider, step.model].filter(Boolean).join("/")}
            </span>
            <span className="block text-s text-muted">
              {step.name !== [step.provider, step.model].filter(Boolean).join("/") && `${targetWords(step.name)} · `}
              {step.why}
            </span>
          </li>
        ))}
      </ol>
      {found.order_when_all_fail.length > 1 && (
        <div className="text-s text-muted">
          {say.order}
          <ol className="mt-1 grid gap-0.5">
            {found.order_when_all_fail.map((each, index) => (
              <li key={`${each}-${index}`} className="flex items-center gap-1.5">
                {index > 0 && <ArrowDown size={11} aria-hidden="true" />} {targetWords(each)}
              </li>
            ))}
          </ol>
        </div>
      )}
    </div>
  );
}
