import { useQuery } from "@tanstack/react-query";
import { ArrowUp, ChartLine, Plus, Trash2 } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";

import { capKeys, budgetsQuery, deleteBudget } from "@/api/caps";
import { useMay } from "@/api/may";
import type { Budget } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { DeclaredChip } from "@/components/declared-chip";
import { Due, Money } from "@/components/figures";
import { Section } from "@/components/page";
import { useRemoval } from "@/components/removal";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { BudgetDialog } from "@/features/costs/budget-dialog";
import { BurnDown } from "@/features/costs/burn-down";
import { fullest } from "@/features/costs/fullest";
import { cx } from "@/lib/cx";
import { formatMoney, formatShare } from "@/lib/format";
import { budgets as say } from "@/strings/budgets";
import { scopeWords } from "@/strings/common";

export function Budgets() {
  const { data, error, refetch } = useQuery(budgetsQuery);
  const [editing, setEditing] = useState<Budget | "new">();
  const [shown, setShown] = useState<string>();
  const allowed = useMay("operate");
  const { ask: remove, confirm } = useRemoval<Budget>({
    remove: deleteBudget,
    reads: [capKeys.all],
    title: ({ scope }) => say.removeTitle(scopeWords(scope)),
    help: ({ mode, amount_nano: cap, window }) => say.removeHelps[mode](`${formatMoney(cap)} ${say.windows[window]}`),
    act: say.remove,
    removed: ({ scope }) => say.removed(scopeWords(scope)),
  });
  const columns = useMemo(() => budgetColumns(setEditing, remove, (id) => setShown((now) => (now === id ? undefined : id)), shown, allowed), [allowed, remove, shown]);
  const burning = data?.items.find((budget) => budget.id === shown);
  const window = burning && fullest(burning);
  return (
    <Section
      title={say.title}
      aside={
        allowed && (
          <Button size="s" onClick={() => setEditing("new")}>
            <Plus size={12} aria-hidden="true" /> {say.add}
          </Button>
        )
      }
    >
      {error && !data ? (
        <ProblemNote error={error} retry={() => void refetch()} />
      ) : !data ? (
        <SkeletonRows rows={1} />
      ) : data.items.length === 0 ? (
        <p className="card px-4 py-6 text-center text-muted">{say.empty}</p>
      ) : (
        <DataTable label={say.title} columns={columns} rows={data.items} rowId={(budget) => budget.id} stacks />
      )}
      {burning && window && <Burning key={burning.id} budget={burning} window={window} />}
      {confirm}
      {editing && <BudgetDialog {...(editing === "new" ? {} : { budget: editing })} onClose={() => setEditing(undefined)} />}
    </Section>
  );
}

/** Below a long list it would open out of sight. */
function Burning(props: { budget: Budget; window: Budget["windows"][number] }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.scrollIntoView({ block: "nearest" }), []);
  return (
    <div ref={place} className="card mt-2 scroll-mb-20">
      <BurnDown {...props} />
    </div>
  );
}

function budgetColumns(
  raise: (budget: Budget) => void,
  remove: (budget: Budget) => void,
  show: (id: string) => void,
  shown: string | undefined,
  allowed: boolean,
): Column<Budget>[] {
  return [
    {
      id: "of",
      header: say.columns.of,
      cell: (budget) => (
        <span className="grid gap-0.5">
          <span className="font-[560]">{scopeWords(budget.scope)}</span>
          <span className="text-s text-muted">{say.modes[budget.mode]}</span>
        </span>
      ),
    },
    { id: "spent", header: say.columns.spent, cell: (budget) => <Spent budget={budget} /> },
    { id: "held", header: say.columns.held, align: "end", from: "lg", cell: (budget) => <Money nano={fullest(budget)?.held_nano ?? 0} className="text-muted" /> },
    {
      id: "cap",
      header: say.columns.cap,
      align: "end",
      cell: (budget) => (
        <span>
          <Money nano={budget.amount_nano} /> <span className="text-s text-muted">{say.windows[budget.window]}</span>
        </span>
      ),
    },
    { id: "ends", header: say.columns.ends, from: "lg", cell: (budget) => <Ends at={fullest(budget)?.ends_at ?? null} /> },
    {
      id: "act",
      header: say.columns.act,
      headerHidden: true,
      align: "end",
      cell: (budget) => (
        <span className="inline-flex items-center gap-1">
          {fullest(budget) && (
            <IconButton label={say.burn.show(scopeWords(budget.scope))} aria-expanded={shown === budget.id} onClick={() => show(budget.id)}>
              <ChartLine size={14} />
            </IconButton>
          )}
          {budget.declared && <DeclaredChip />}
          {allowed && !budget.declared && (
            <>
              <IconButton label={say.raiseLabel(scopeWords(budget.scope))} onClick={() => raise(budget)}>
                <ArrowUp size={14} />
              </IconButton>
              <IconButton label={say.removeLabel(scopeWords(budget.scope))} onClick={() => remove(budget)} className="hover:text-wrong">
                <Trash2 size={14} />
              </IconButton>
            </>
          )}
        </span>
      ),
    },
  ];
}

function Ends({ at }: { at: string | null }) {
  return at === null ? <span className="text-faint">–</span> : <Due at={at} className="text-muted" />;
}

/** How full it is: a bar, and the same in figures. */
function Spent({ budget }: { budget: Budget }) {
  const window = fullest(budget);
  const percent = window?.percent ?? 0;
  const tone = percent >= 100 ? "bg-wrong" : percent >= 80 ? "bg-wait" : "bg-work";
  return (
    <span className="grid min-w-[110px] gap-1">
      <Money nano={window?.spent_nano ?? 0} />
      <span className="h-1.5 overflow-hidden rounded-full bg-sunken" role="img" aria-label={say.used(formatShare(percent / 100))} title={say.used(formatShare(percent / 100))}>
        <span className={cx("block h-full", tone)} style={{ width: `${Math.min(100, percent)}%` }} />
      </span>
    </span>
  );
}
