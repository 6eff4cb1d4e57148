import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { costsQuery } from "@/api/costs";
import { StackedBars } from "@/components/stacked-bars";
import { GRAIN, GRAIN_MS, windowStart } from "@/components/time-bars";
import { callBars, drawnBy } from "@/features/calls/histogram";
import type { CallsSearch } from "@/features/calls/search";
import { formatCount } from "@/lib/format";
import { useFloor } from "@/lib/ticker";
import { calls } from "@/strings/calls";

const say = calls.histogram;
const SERIES = [
  { id: "answered", name: say.answered, color: "var(--chart-1)" },
  { id: "failed", name: say.failed, color: "var(--wrong)" },
];

/** How many calls, when, from the ledger's sums: no call is read for it. */
export function CallHistogram({ search }: { search: CallsSearch }) {
  const span = search.since ?? "24h";
  const grain = GRAIN[span];
  const now = useFloor(GRAIN_MS[grain]);
  const { by, value, exact } = drawnBy(search);
  const { data } = useQuery(costsQuery({ by, grain, from: new Date(windowStart(span, now)).toISOString() }));
  const bars = useMemo(() => callBars(data?.buckets ?? [], value, span, now), [data, value, span, now]);
  if (!data || bars.every((bar) => bar.values.every((each) => each === 0))) return null;
  return (
    <div className="mb-4">
      <StackedBars label={say.label(say.spans[span])} series={SERIES} bars={bars} format={(count) => formatCount(Math.round(count))} low />
      {!exact && <p className="mt-1 text-s text-faint">{say.ofAll}</p>}
    </div>
  );
}
