import { useMutation } from "@tanstack/react-query";

import { reconcile } from "@/api/costs";
import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import type { Difference } from "@/api/types";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Money } from "@/components/figures";
import { Section } from "@/components/page";
import { cx } from "@/lib/cx";
import { formatMoneyExact } from "@/lib/format";
import { budgets } from "@/strings/budgets";

const say = budgets.reconcile;

const columns: Column<Difference>[] = [
  { id: "day", header: say.columns.day, sort: (row) => row.day, cell: (row) => row.day.slice(0, 10) },
  { id: "model", header: say.columns.model, sort: (row) => row.model, cell: (row) => row.model },
  { id: "theirs", header: say.columns.theirs, align: "end", sort: (row) => row.theirs_nano ?? 0, cell: (row) => <Side nano={row.theirs_nano} /> },
  { id: "ours", header: say.columns.ours, align: "end", sort: (row) => row.ours_nano ?? 0, cell: (row) => <Side nano={row.ours_nano} /> },
  {
    id: "difference",
    header: say.columns.difference,
    align: "end",
    sort: (row) => Math.abs(row.difference_nano),
    cell: (row) => <span className={cx("num", row.difference_nano === 0 ? "text-faint" : "text-wrong")}>{formatMoneyExact(row.difference_nano)}</span>,
  },
];

function Side({ nano }: { nano: number | null }) {
  return nano === null ? <span className="text-faint">–</span> : <Money nano={nano} />;
}

/** A provider's usage export beside the ledger, for those who may see an invoice. Nothing of it is kept. */
export function Reconciliation() {
  return useMay("administer") ? <Comparing /> : null;
}

function Comparing() {
  const { mutate, data, error, isPending } = useMutation({ mutationFn: async (file: File) => reconcile(await file.text()) });
  return (
    <Section title={say.title}>
      <div className="card grid gap-3 p-4">
        <label className="flex flex-wrap items-center gap-x-4 gap-y-2 text-s text-muted">
          <span className="flex-1 basis-[260px]">{say.help}</span>
          <input
            type="file"
            accept=".csv,text/csv"
            className="max-w-full min-w-0 file:mr-2.5 file:h-[30px] pointer-coarse:file:h-10 file:rounded-s file:border file:border-solid file:border-line-strong file:bg-surface file:px-2.5 file:text-s file:font-[510] file:text-ink hover:file:bg-sunken"
            disabled={isPending}
            // The same file may be chosen again, after it was mended.
            onClick={(event) => (event.currentTarget.value = "")}
            onChange={(event) => {
              const file = event.target.files?.[0];
              if (file) mutate(file);
            }}
          />
        </label>
        {error && (
          <p role="alert" className="text-s text-wrong">
            {asProblem(error).message}
          </p>
        )}
        {data && (
          <>
            <p className={cx("text-s", data.difference_nano === 0 ? "text-work" : "text-wrong")}>
              {data.difference_nano === 0 ? say.same : say.off(formatMoneyExact(data.difference_nano))}
            </p>
            <DataTable label={say.title} columns={columns} rows={data.rows} rowId={(row) => `${row.day} ${row.model}`} initialSort={{ id: "difference", desc: true }} />
          </>
        )}
      </div>
    </Section>
  );
}
