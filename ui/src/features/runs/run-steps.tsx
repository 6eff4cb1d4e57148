import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { renderedQuery } from "@/api/calls";
import type { Call } from "@/api/types";
import { CallCost, OutcomeWord } from "@/components/call-words";
import { Chip } from "@/components/chip";
import { followRow } from "@/components/data-table";
import type { CallStep, PauseStep } from "@/features/runs/waterfall";
import { placed, steps } from "@/features/runs/waterfall";
import { formatCompact, formatDuration, formatSpan } from "@/lib/format";
import { listed } from "@/strings/common";
import { run as say } from "@/strings/runs";
import { signals as words } from "@/strings/signals";

/** Tool names come with a call's whole conversation, so a long run does without them. */
const MOST_WITH_TOOLS = 60;

/** The calls of a run as a waterfall, with what the agent did between them. */
export function RunSteps({ calls, cut, same }: { calls: Call[]; cut: boolean; /** Calls that repeat an earlier step. */ same: Map<string, number> }) {
  const all = steps(calls);
  const total = Math.max(...all.map((step) => step.until));
  let number = 0;
  return (
    <div className="card overflow-hidden">
      <div aria-hidden="true" className={`${ROW} border-b border-line py-2 text-xs font-[510] text-faint max-md:hidden`}>
        <span className="pl-8">{say.columns.call}</span>
        <span className="num flex justify-between gap-2">
          <span>{say.columns.line}</span>
          <span>{formatDuration(total)}</span>
        </span>
        <span className="text-right">{say.columns.first}</span>
        <span className="text-right">{say.columns.tokens}</span>
        <span className="text-right">{say.columns.cost}</span>
      </div>
      <ol>
        {all.map((step) =>
          step.kind === "call" ? (
            <CallRow key={step.call.id} step={step} number={++number} total={total} same={same.get(step.call.id)} />
          ) : (
            <PauseRow key={`after-${step.after.id}`} step={step} total={total} named={calls.length <= MOST_WITH_TOOLS} />
          ),
        )}
      </ol>
      <p className="flex flex-wrap gap-x-4 gap-y-1 px-4 py-2.5 text-s text-muted">
        <Legend color="bg-accent/35" label={say.legend.waiting} />
        <Legend color="bg-accent" label={say.legend.streaming} />
        <Legend color="bg-line-strong" label={say.legend.own} />
        {cut && <span className="text-wait">{say.cut}</span>}
      </p>
    </div>
  );
}

function Legend({ color, label }: { color: string; label: string }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <i aria-hidden="true" className={`h-2 w-3 rounded-[2px] ${color}`} />
      {label}
    </span>
  );
}

const ROW = "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 md:grid-cols-[minmax(0,300px)_minmax(100px,1fr)_84px_110px_72px]";

function CallRow({ step, number, total, same }: { step: CallStep; number: number; total: number; same: number | undefined }) {
  const { call } = step;
  const { left, width } = placed(step, total);
  const waiting = step.until > step.at ? Math.min(100, ((step.first - step.at) / (step.until - step.at)) * 100) : 0;
  return (
    <li id={`step-${number}`} onClick={followRow} className={`${ROW} border-b border-line py-2 hover:bg-sunken/60 has-[a:focus-visible]:bg-accent-soft`}>
      <span className="flex min-w-0 items-baseline gap-2">
        <span className="num w-6 shrink-0 text-right text-faint">{number}</span>
        <Link to="/calls/$callId" params={{ callId: call.id }} data-row-link className="truncate hover:underline">
          {call.model ?? call.model_asked}
        </Link>
        {call.outcome !== "ok" && <OutcomeWord outcome={call.outcome} code={call.error_code} />}
        {same !== undefined && (
          <a href={`#step-${same}`} className="shrink-0">
            <Chip tone="wrong" title={words.alike(same)}>
              {say.like(same)}
            </Chip>
          </a>
        )}
        {call.attempt_count > 1 && <span className="shrink-0 text-s text-wait">{say.attempts(call.attempt_count)}</span>}
      </span>
      <span className="relative h-3 max-md:order-last max-md:col-span-2" title={`${say.columns.when} ${formatSpan(step.at)}, ${formatDuration(call.duration_ms)}`}>
        <span className="absolute inset-y-0 flex min-w-[3px] overflow-hidden rounded-[2px]" style={{ left: `${left}%`, width: `${width}%` }}>
          <i className="bg-accent/35" style={{ width: `${waiting}%` }} />
          <i className="flex-1 bg-accent" />
        </span>
      </span>
      <span className="num text-right text-s text-muted max-md:hidden" title={say.columns.first}>
        <span className="sr-only">{say.columns.first} </span>
        {call.first_byte_ms === null ? "–" : formatDuration(call.first_byte_ms)}
      </span>
      <span className="num text-right text-s text-muted max-md:hidden" title={say.columns.tokens}>
        <span className="sr-only">{say.columns.tokens} </span>
        {call.usage ? say.inOut(formatCompact(call.usage.input_total), formatCompact(call.usage.output_total)) : "–"}
      </span>
      <CallCost call={call} className="text-right" />
    </li>
  );
}

function PauseRow({ step, total, named }: { step: PauseStep; total: number; named: boolean }) {
  const { data } = useQuery({ ...renderedQuery(step.after.id), enabled: named, retry: false });
  const tools = [...new Set((data?.answer ?? []).flatMap((message) => message.parts.flatMap((part) => (part.kind === "tool_call" && part.name ? [part.name] : []))))];
  const { left, width } = placed(step, total);
  return (
    <li className={`${ROW} border-b border-line bg-bg py-1 text-s text-muted`}>
      <span className="truncate pl-8">{tools.length > 0 ? say.ran(listed(tools)) : say.between}</span>
      <span className="relative h-2 max-md:hidden">
        <i aria-hidden="true" className="absolute inset-y-0 min-w-[2px] rounded-[2px] bg-line-strong" style={{ left: `${left}%`, width: `${width}%` }} />
      </span>
      <span className="num text-right md:col-span-3">{formatDuration(step.until - step.at)}</span>
    </li>
  );
}
