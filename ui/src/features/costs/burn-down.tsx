import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { costsQuery } from "@/api/costs";
import type { Budget } from "@/api/types";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Money } from "@/components/figures";
import type { View } from "@/components/view-switch";
import { ViewSwitch } from "@/components/view-switch";
import type { Point, Projection } from "@/features/costs/burn";
import { burnFilter, burnPoints, projected } from "@/features/costs/burn";
import { formatClockUtc, formatDayUtc, formatMoney } from "@/lib/format";
import { useFloor } from "@/lib/ticker";
import { budgets } from "@/strings/budgets";
import { scopeWords } from "@/strings/common";

const say = budgets.burn;
const WIDTH = 1000;
const HEIGHT = 160;
const MINUTE = 60_000;

const instant = (at: number): string => `${formatDayUtc(at)} ${formatClockUtc(at)}`;

const columns: Column<Point>[] = [
  { id: "at", header: say.at, cell: (point) => instant(point.at) },
  { id: "left", header: say.left, align: "end", cell: (point) => <Money nano={point.left} /> },
];

/** How a budget's window was used up so far, and when it would be used up at the pace of late. */
export function BurnDown({ budget, window }: { budget: Budget; window: Budget["windows"][number] }) {
  const [view, setView] = useState<View>("chart");
  const now = useFloor(MINUTE);
  const filter = useMemo(() => burnFilter(budget, window), [budget, window]);
  const { data } = useQuery({ ...costsQuery(filter ?? { by: "total", grain: "day", from: new Date(now).toISOString() }), enabled: filter !== null });
  const points = useMemo(() => (filter && data ? burnPoints(data.buckets, filter.grain, window, budget.amount_nano, now) : []), [filter, data, window, budget.amount_nano, now]);
  if (filter === null) return <p className="px-4 py-3 text-s text-faint">{say.none}</p>;
  if (!data) return <span className="skeleton m-4 block h-40" />;
  const to = projected(points, window.ends_at);
  return (
    <div className="grid gap-2 px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <p className="text-s">{words(to)}</p>
        <span className="ml-auto">
          <ViewSwitch value={view} onChange={setView} />
        </span>
      </div>
      {view === "chart" ? (
        <Chart points={points} to={to} cap={budget.amount_nano} endsAt={window.ends_at} label={say.label(scopeWords(budget.scope), words(to))} />
      ) : (
        <DataTable label={say.label(scopeWords(budget.scope), "")} columns={columns} rows={points} rowId={(point) => String(point.at)} />
      )}
    </div>
  );
}

function words(to: Projection): string {
  switch (to.kind) {
    case "used":
      return say.used;
    case "steady":
      return say.steady;
    case "lasts":
      return say.lasts(formatMoney(to.left));
    case "hit":
      return say.hit(instant(to.at));
  }
}

type ChartProps = { points: Point[]; to: Projection; cap: number; endsAt: string | null; label: string };

function Chart({ points, to, cap, endsAt, label }: ChartProps) {
  const begin = points[0]?.at ?? 0;
  const now = points.at(-1);
  if (!now) return null;
  const end = Math.max(now.at + 1, endsAt !== null ? Date.parse(endsAt) : to.kind === "hit" ? to.at : now.at);
  const x = (at: number): number => ((at - begin) / (end - begin)) * WIDTH;
  const y = (left: number): number => HEIGHT - (Math.max(0, left) / cap) * HEIGHT;
  const line = points.map((point, at) => `${at === 0 ? "M" : "L"}${x(point.at).toFixed(1)} ${y(point.left).toFixed(1)}`).join("");
  const ahead = to.kind === "hit" ? `L${x(to.at).toFixed(1)} ${HEIGHT}` : to.kind === "lasts" ? `L${WIDTH} ${y(to.left).toFixed(1)}` : "";
  return (
    <div className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-2">
      <div aria-hidden="true" className="num flex h-40 flex-col justify-between text-right text-xs text-faint [&>span]:-my-2 [&>span]:leading-4">
        <span>{formatMoney(cap)}</span>
        <span>{formatMoney(cap / 2)}</span>
        <span>{formatMoney(0)}</span>
      </div>
      <svg role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" className="h-40 w-full overflow-visible border-y border-line">
        <path d={line} fill="none" stroke="var(--chart-1)" strokeWidth="1.75" vectorEffect="non-scaling-stroke" />
        {ahead && (
          <path d={`M${x(now.at).toFixed(1)} ${y(now.left).toFixed(1)}${ahead}`} fill="none" stroke={to.kind === "hit" ? "var(--wrong)" : "var(--chart-1)"} strokeWidth="1.5" strokeDasharray="5 4" vectorEffect="non-scaling-stroke" />
        )}
      </svg>
      <span />
      <div aria-hidden="true" className="mt-1 flex justify-between text-xs text-faint">
        <span>{instant(begin)}</span>
        <span>{instant(end)} UTC</span>
      </div>
    </div>
  );
}
