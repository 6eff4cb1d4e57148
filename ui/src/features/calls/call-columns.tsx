import { Link } from "@tanstack/react-router";

import type { ListedCall } from "@/api/types";
import { CallCost, outcomeWord, OutcomeWord } from "@/components/call-words";
import type { Column } from "@/components/data-table";
import { Ago } from "@/components/figures";
import { Found } from "@/features/calls/found";
import { formatCompact, formatCount, formatDuration } from "@/lib/format";
import { calls } from "@/strings/calls";

const say = calls.columns;
const dash = <span className="text-faint">–</span>;

type CallColumn = Column<ListedCall> & { width?: string };

export const CALL_COLUMNS: CallColumn[] = [
  {
    id: "time",
    header: say.time,
    width: "w-[104px]",
    cell: (call) => (
      <Link to="/calls/$callId" params={{ callId: call.id }} data-row-link className="text-muted hover:underline">
        <Ago at={call.started_at} />
      </Link>
    ),
  },
  { id: "agent", header: say.agent, width: "w-[140px]", from: "md", cell: (call) => call.agent?.name ?? dash },
  {
    id: "model",
    header: say.model,
    cell: (call) => (
      <>
        <span className="flex gap-x-1 font-[510] @min-[600px]:hidden">
          <span className="min-w-0 truncate">{call.agent?.name ?? calls.one.somebody}</span> <span className="shrink-0 font-normal text-faint">{call.task?.ref}</span>
        </span>
        {call.outcome !== "ok" && <span className="mr-2 text-s text-wrong @min-[860px]:hidden">{outcomeWord(call.outcome)}</span>}
        <span className="@max-[600px]:text-s @max-[600px]:text-muted">{call.model ?? call.model_asked}</span>
        {call.provider && <span className="ml-2 text-s text-faint @max-[440px]:hidden">{call.provider}</span>}
      </>
    ),
  },
  {
    id: "task",
    header: say.task,
    width: "w-[92px]",
    from: "md",
    cell: (call) =>
      call.task ? (
        <Link to="/tasks/$taskId" params={{ taskId: call.task.id }} title={call.task.title} className="hover:underline">
          {call.task.ref}
        </Link>
      ) : (
        <span className="text-s text-faint">{calls.unclaimed}</span>
      ),
  },
  { id: "outcome", header: say.outcome, width: "w-[136px]", from: "lg", cell: (call) => <OutcomeWord outcome={call.outcome} code={call.error_code} /> },
  {
    id: "tokens",
    header: say.tokens,
    width: "w-[112px]",
    align: "end",
    from: "lg",
    cell: (call) =>
      call.usage ? (
        <span title={`${formatCount(call.usage.input_total)} → ${formatCount(call.usage.output_total)}`}>
          {formatCompact(call.usage.input_total)} <span className="text-faint">→</span> {formatCompact(call.usage.output_total)}
        </span>
      ) : (
        dash
      ),
  },
  { id: "took", header: say.took, width: "w-[80px]", align: "end", from: "md", cell: (call) => <span className="text-muted">{formatDuration(call.duration_ms)}</span> },
  { id: "cost", header: say.cost, width: "w-[124px] @max-[600px]:w-[110px]", align: "end", cell: (call) => <CallCost call={call} /> },
];

/** Of a search for words: where they are takes the room of what is told of every call. */
export const FOUND_COLUMNS: CallColumn[] = [
  ...CALL_COLUMNS.filter((column) => ["time", "agent"].includes(column.id)),
  {
    id: "found",
    header: say.found,
    cell: (call) => (
      <>
        <span className="block truncate font-[510] @min-[600px]:hidden">
          {call.agent?.name ?? calls.one.somebody} <span className="font-normal text-faint">{call.task?.ref ?? call.model ?? call.model_asked}</span>
        </span>
        <Found call={call} />
      </>
    ),
  },
  { id: "which", header: say.model, width: "w-[150px]", from: "lg", cell: (call) => <span className="text-s text-muted">{call.model ?? call.model_asked}</span> },
  ...CALL_COLUMNS.filter((column) => ["task", "outcome"].includes(column.id)).map((column) => ({ ...column, from: "lg" as const })),
];
