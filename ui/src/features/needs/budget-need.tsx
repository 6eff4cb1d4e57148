import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useState } from "react";

import { capKeys } from "@/api/caps";
import { useMay } from "@/api/may";
import type { BudgetAct } from "@/api/needs";
import { needKeys, settleBudget } from "@/api/needs";
import { asProblem } from "@/api/problem";
import { taskKeys } from "@/api/tasks";
import type { Need } from "@/api/types";
import { Button, buttonClass } from "@/components/button";
import { Confirm } from "@/components/dialog";
import { Money } from "@/components/figures";
import { toast } from "@/components/toast";
import { SeenButton } from "@/features/needs/seen-button";
import { field } from "@/lib/form";
import { NANO } from "@/lib/format";
import { budgets } from "@/strings/budgets";
import { words } from "@/strings/common";
import { needs as say } from "@/strings/needs";

const CENT = 10_000_000;

/** The cap that is offered: half as much again, in whole cents. Pure. */
export const raised = (cap: number): number => Math.max(cap + CENT, Math.ceil((cap * 1.5) / CENT) * CENT);

/** A budget that stopped calls: raise it, let the work go on past it, or end the work. */
export function BudgetNeed({ need, later }: { need: Need; later: ReactNode }) {
  const { budget } = need;
  return (
    <>
      <p className="text-muted">
        {need.text}
        {budget && (
          <>
            : <Money nano={budget.amount_nano} /> {budgets.windows[budget.window]}
          </>
        )}
        .
      </p>
      {budget?.declared && <p className="text-s text-muted">{say.declared}</p>}
      <Acts need={need} later={later} />
    </>
  );
}

function Acts({ need, later }: { need: Need; later: ReactNode }) {
  const client = useQueryClient();
  const allowed = useMay("operate");
  const [doing, setDoing] = useState<"raise" | "stop">();
  const settle = useMutation({
    mutationFn: ({ act, amount }: { act: BudgetAct; amount?: number }) => settleBudget(need.key, act, amount),
    onSuccess: (done) => {
      setDoing(undefined);
      toast({ text: done.act === "stop" ? say.ended(done.run_ids.length) : say.settled[done.act], tone: "work" });
    },
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => Promise.all([needKeys.all, capKeys.all, taskKeys.all].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
  const acts = allowed ? (need.budget?.acts ?? []) : [];
  if (doing === "raise" && need.budget) {
    return (
      <form
        className="flex flex-wrap items-center gap-1.5"
        onSubmit={(event) => {
          event.preventDefault();
          settle.mutate({ act: "raise", amount: Math.round(Number(field(new FormData(event.currentTarget), "amount")) * NANO) });
        }}
      >
        <label className="flex items-center gap-1.5 text-s text-muted">
          {say.raiseTo}
          <input
            name="amount"
            type="number"
            min="0"
            step="0.01"
            required
            autoFocus
            defaultValue={raised(need.budget.amount_nano) / NANO}
            className="num h-[30px] w-24 pointer-coarse:h-10 rounded-s border border-field-line bg-surface px-2 text-ink max-md:text-[16px]"
          />
        </label>
        <Button type="submit" variant="primary" busy={settle.isPending}>
          {say.raise}
        </Button>
        <Button variant="quiet" onClick={() => setDoing(undefined)}>
          {words.cancel}
        </Button>
      </form>
    );
  }
  return (
    <div className="flex flex-wrap items-center gap-1.5">
      {acts.includes("raise") && (
        <Button data-act="a" variant="primary" onClick={() => setDoing("raise")}>
          {say.raiseMore}
        </Button>
      )}
      {acts.includes("let_run") && (
        <Button busy={settle.isPending} title={say.letRunHelp} onClick={() => settle.mutate({ act: "let_run" })}>
          {say.letRun}
        </Button>
      )}
      {acts.includes("stop") && (
        <Button variant="danger" onClick={() => setDoing("stop")}>
          {say.stop}
        </Button>
      )}
      {!need.budget && <SeenButton need={need} />}
      <Link to="/costs" className={buttonClass("quiet")}>
        {say.budgets}
      </Link>
      {later}
      <Confirm open={doing === "stop"} onOpenChange={(open) => !open && setDoing(undefined)} title={say.stopTitle} act={say.stop} onAct={() => settle.mutate({ act: "stop" })}>
        {say.stopHelp}
      </Confirm>
    </div>
  );
}
