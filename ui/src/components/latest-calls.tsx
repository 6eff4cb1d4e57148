import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { CallFilter } from "@/api/calls";
import { newestCallsQuery } from "@/api/calls";
import type { Call } from "@/api/types";
import { CallCost, OutcomeWord } from "@/components/call-words";
import type { Column } from "@/components/data-table";
import { DataTable, followRow } from "@/components/data-table";
import { Ago } from "@/components/figures";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { formatDuration } from "@/lib/format";
import { usePhone } from "@/lib/media";
import { calls as say } from "@/strings/calls";

type Props = { filter: CallFilter; limit?: number; /** Two lines a call, for narrow places; says whose it is. */ narrow?: boolean };

/** The newest few calls of something, kept fresh. */
export function LatestCalls({ filter, limit = 8, narrow = false }: Props) {
  const phone = usePhone();
  const { data, error, refetch } = useQuery(newestCallsQuery(filter, limit));
  if (error && !data) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonRows rows={limit} />;
  if (data.items.length === 0) return <p className="card px-4 py-3 text-faint">{say.latestEmpty}</p>;
  if (narrow || phone) return <NarrowCalls calls={data.items} />;
  return <DataTable label={say.title} columns={COLUMNS} rows={data.items} rowId={(call) => call.id} />;
}

function NarrowCalls({ calls }: { calls: Call[] }) {
  return (
    <ol className="card divide-y divide-line">
      {calls.map((call) => (
        <li key={call.id} onClick={followRow} className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-3 px-4 py-2 hover:bg-sunken/60">
          <Link to="/calls/$callId" params={{ callId: call.id }} data-row-link className="truncate leading-6 hover:underline">
            <span className="font-[510]">{call.agent?.name ?? say.one.somebody}</span> <span className="text-muted">{call.model ?? call.model_asked}</span>
          </Link>
          <CallCost call={call} className="text-right" />
          <span className="flex min-w-0 gap-x-2 text-s text-faint">
            {call.task?.ref ?? say.unclaimed}
            {call.outcome !== "ok" && <OutcomeWord outcome={call.outcome} code={call.error_code} />}
          </span>
          <Ago at={call.started_at} className="text-right text-s text-faint" />
        </li>
      ))}
    </ol>
  );
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
  {
    id: "model",
    header: say.columns.model,
    cell: (call) => (
      <span className="flex min-w-0 flex-wrap gap-x-3">
        <span className="min-w-0 wrap-anywhere">{call.model ?? call.model_asked}</span>
        {call.outcome !== "ok" && <OutcomeWord outcome={call.outcome} code={call.error_code} />}
      </span>
    ),
  },
  { id: "took", header: say.columns.took, align: "end", from: "md", cell: (call) => formatDuration(call.duration_ms) },
  { id: "cost", header: say.columns.cost, align: "end", cell: (call) => <CallCost call={call} /> },
];
