import { Link } from "@tanstack/react-router";

import type { CostSums } from "@/api/types";
import type { Series } from "@/components/chart-parts";
import { shareOf } from "@/components/cost-split";
import type { Column } from "@/components/data-table";
import { Money } from "@/components/figures";
import type { Bar } from "@/components/stacked-bars";
import type { Row } from "@/features/costs/cost-series";
import { OTHERS } from "@/features/costs/cost-series";
import type { COST_BY } from "@/features/costs/search";
import { formatCount, formatMoney } from "@/lib/format";
import { costs } from "@/strings/costs";

const say = costs.columns;

/** `from` is the instant since when is counted: a row leads to the calls since then. */
export function costColumns(by: (typeof COST_BY)[number], from: string, total: number): Column<Row>[] {
  const count = (id: keyof CostSums, header: string, from: "md" | "lg"): Column<Row> => ({
    id,
    header,
    align: "end",
    from,
    sort: (row) => row[id],
    cell: (row) => formatCount(row[id]),
  });
  return [
    {
      id: "what",
      header: costs.by[by],
      sort: (row) => row.name,
      cell: (row) => <Name by={by} from={from} row={row} />,
    },
    count("calls", say.calls, "md"),
    { ...count("errors", say.failed, "lg"), cell: (row) => <span className={row.errors > 0 ? "text-wrong" : "text-faint"}>{formatCount(row.errors)}</span> },
    count("input_tokens", say.tokensIn, "md"),
    count("cache_read_tokens", say.cached, "lg"),
    count("output_tokens", say.tokensOut, "md"),
    { id: "cost", header: say.cost, align: "end", sort: (row) => (row.id === OTHERS ? -1 : row.cost_nano), cell: (row) => <Money nano={row.cost_nano} unpriced={row.unpriced_calls} /> },
    {
      id: "share",
      header: say.share,
      align: "end",
      from: "lg",
      cell: (row) => (total > 0 ? shareOf(row.cost_nano, total) : "–"),
    },
  ];
}

/** The same columns where nothing leads anywhere. */
export const plainColumns = (by: (typeof COST_BY)[number], total: number): Column<Row>[] =>
  costColumns(by, "", total).map((column) => (column.id === "what" ? { ...column, cell: (row) => <span className="font-[510]">{row.name}</span> } : column));

/** What a row is of, leading to what makes it up. */
function Name({ by, from, row }: { by: (typeof COST_BY)[number]; from: string; row: Row }) {
  const look = { "data-row-link": true, className: "font-[510] hover:underline" } as const;
  if (row.id === OTHERS || (row.id === "" && by !== "task")) return <span className="text-faint">{row.name}</span>;
  switch (by) {
    case "task":
      return row.id ? (
        <Link to="/tasks/$taskId" params={{ taskId: row.id }} {...look}>
          {row.name}
        </Link>
      ) : (
        <Link to="/unclaimed" {...look}>
          {row.name}
        </Link>
      );
    case "project":
      return (
        <Link to="/board" search={{ project: row.id }} {...look}>
          {row.name}
        </Link>
      );
    default:
      return (
        <Link to="/calls" search={{ [by]: row.id, from }} {...look}>
          {row.name}
        </Link>
      );
  }
}

/** The chart as a table: a row for each bar. */
export function barColumns(series: Series[]): Column<Bar>[] {
  return [
    { id: "at", header: say.time, cell: (bar) => bar.label },
    ...series.map(
      (each, which): Column<Bar> => ({ id: each.id, header: each.name, align: "end", cell: (bar) => formatMoney(bar.values[which] ?? 0) }),
    ),
  ];
}
