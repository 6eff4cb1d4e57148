import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";

import { capKeys, deleteLimit, limitsQuery } from "@/api/caps";
import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import type { Limit } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { DeclaredChip } from "@/components/declared-chip";
import { Confirm } from "@/components/dialog";
import { Section } from "@/components/page";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { LimitDialog } from "@/features/gateway/limit-dialog";
import { formatCount, formatDuration } from "@/lib/format";
import { limits as say } from "@/strings/limits";

/** How fast calls may come, with what remains of it now. */
export function Limits() {
  const { data, error, refetch } = useQuery(limitsQuery);
  const client = useQueryClient();
  const [editing, setEditing] = useState<Limit | "new">();
  const [removing, setRemoving] = useState<Limit>();
  const allowed = useMay("administer");
  const remove = useMutation({
    mutationFn: deleteLimit,
    onSuccess: () => toast({ text: say.removed }),
    onError: (problem) => toast({ text: asProblem(problem).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: capKeys.all }),
  });
  const columns = useMemo(() => limitColumns(allowed ? { change: setEditing, remove: setRemoving } : undefined), [allowed]);
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
      ) : data.items.length > 0 ? (
        <DataTable label={say.title} columns={columns} rows={data.items} rowId={(limit) => limit.id} />
      ) : (
        <p className="card px-4 py-6 text-center text-muted">{say.empty}</p>
      )}
      {editing && <LimitDialog {...(editing === "new" ? {} : { limit: editing })} onClose={() => setEditing(undefined)} />}
      <Confirm
        open={removing !== undefined}
        onOpenChange={(open) => !open && setRemoving(undefined)}
        title={say.removeTitle(say.scope(removing?.scope ?? ""))}
        act={say.remove}
        onAct={() => removing && remove.mutate(removing)}
      >
        {say.removeHelp(removing ? what(removing) : "")}
      </Confirm>
    </Section>
  );
}

const faint = <span className="text-faint">–</span>;

const what = ({ amount, measure, per }: Limit): string => `${formatCount(amount)} ${say.measures[measure]}${per ? ` / ${per}` : ""}`;

/** What else it says: how many at one instant, how long calls wait, and that not all wait alike. */
const besides = ({ burst, max_wait_ms: wait, weights }: Limit): string => {
  const shares = Object.keys(weights).length;
  return [burst && say.burst(formatCount(burst)), wait > 0 && say.waits(formatDuration(wait)), shares > 0 && say.shares(shares)].filter(Boolean).join(", ");
};

type Acts = { change: (limit: Limit) => void; remove: (limit: Limit) => void };

function limitColumns(acts: Acts | undefined): Column<Limit>[] {
  return [
    { id: "scope", header: say.columns.scope, cell: (limit) => <span className="font-[560]">{say.scope(limit.scope)}</span> },
    {
      id: "what",
      header: say.columns.what,
      cell: (limit) => (
        <span className="grid gap-0.5">
          <span className="num [overflow-wrap:normal]">{what(limit)}</span>
          {besides(limit) && <span className="text-s text-muted">{besides(limit)}</span>}
        </span>
      ),
    },
    { id: "left", header: say.columns.left, align: "end", cell: (limit) => (limit.in_use.length === 0 ? faint : <span className="num">{formatCount(Math.min(...limit.in_use.map((each) => each.remaining)))}</span>) },
    { id: "waiting", header: say.columns.waiting, align: "end", from: "md", cell: (limit) => <span className="num">{formatCount(limit.in_use.reduce((sum, each) => sum + each.waiting, 0))}</span> },
    {
      id: "act",
      header: say.columns.act,
      headerHidden: true,
      align: "end",
      cell: (limit) =>
        limit.declared ? (
          <DeclaredChip />
        ) : (
          acts && (
            <span className="inline-flex items-center gap-1">
              <IconButton label={say.changeLabel(say.scope(limit.scope), what(limit))} onClick={() => acts.change(limit)}>
                <Pencil size={14} />
              </IconButton>
              <IconButton label={say.removeLabel(say.scope(limit.scope), what(limit))} onClick={() => acts.remove(limit)} className="hover:text-wrong">
                <Trash2 size={14} />
              </IconButton>
            </span>
          )
        ),
    },
  ];
}
