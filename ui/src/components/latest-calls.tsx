import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { CallFilter } from "@/api/calls";
import { newestCallsQuery } from "@/api/calls";
import type { Call } from "@/api/types";
import { CallCost, OutcomeWord } from "@/components/call-words";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Ago } from "@/components/figures";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { formatDuration } from "@/lib/format";
import { calls as say } from "@/strings/calls";

/** The newest few calls of something, kept fresh. */
export function LatestCalls({ filter, limit = 8, withAgent = false }: { filter: CallFilter; limit?: number; withAgent?: boolean }) {
  const { data, error, refetch } = useQuery(newestCallsQuery(filter, limit));
  if (error && !data) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonRows rows={3} />;
  if (data.items.length === 0) return <p className="card px-4 py-3 text-faint">{say.latestEmpty}</p>;
  return <DataTable label={say.title} columns={withAgent ? COLUMNS : COLUMNS.filter((column) => column.id !== "agent")} rows={data.items} rowId={(call) => call.id} />;
}

const COLUMNS: Column<Call>[] = [
  {
    id: "time",
    header: say.columns.time,
    cell: (call) => (
      <Link to="/calls/$callId" params={{ callId: call.id }} data-row-link className="text-muted hover:underline">
        <Ago at={call.started_at} />
      </Link>
    ),
  },
  { id: "agent", header: say.columns.agent, cell: (call) => call.agent?.name ?? <span className="text-faint">–</span> },
  {
    id: "model",
    header: say.columns.model,
    cell: (call) => (
      <span className="flex min-w-0 flex-wrap gap-x-2">
        <span className="truncate">{call.model ?? call.model_asked}</span>
        {call.outcome !== "ok" && <OutcomeWord outcome={call.outcome} code={call.error_code} />}
      </span>
    ),
  },
  { id: "took", header: say.columns.took, align: "end", from: "md", cell: (call) => formatDuration(call.duration_ms) },
  { id: "cost", header: say.columns.cost, align: "end", cell: (call) => <CallCost call={call} /> },
];
