import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";

import { runCallsQuery } from "@/api/calls";
import { runStepsQuery } from "@/api/evidence";
import { runQuery, runsQuery } from "@/api/runs";
import { signalsQuery } from "@/api/signals";
import type { Run } from "@/api/types";
import { Facts } from "@/components/facts";
import { FilterSelect } from "@/components/field";
import { Ago, Money, Since } from "@/components/figures";
import { RunLever } from "@/components/lever/run-lever";
import { Markdown } from "@/components/markdown";
import { Mark, Page, Section, Strip } from "@/components/page";
import { ReplayButton } from "@/components/replay/replay-dialog";
import { signalTitle } from "@/components/signal-acts";
import { firstAsked, ProblemNote, SkeletonRows } from "@/components/states";
import { StatusLine } from "@/components/status/status-line";
import { RunSteps } from "@/features/runs/run-steps";
import { alike, repeated, tokensOf } from "@/features/runs/waterfall";
import { formatClock, formatCompact, formatCount, formatDuration, formatShare, formatSpan } from "@/lib/format";
import { useListKeys } from "@/lib/list-keys";
import { useCoarseNow } from "@/lib/ticker";
import { reasonWords } from "@/strings/common";
import { compare, run as say } from "@/strings/runs";
import { signals as noticed } from "@/strings/signals";
import { tasks } from "@/strings/tasks";

const TONE = { queued: undefined, running: "work", succeeded: "work", failed: "wrong", cancelled: "wait", expired: "wrong" } as const;

/** What one attempt did, step by step. */
export function RunPage({ runId }: { runId: string }) {
  const { data: run } = useSuspenseQuery(runQuery(runId));
  const ofCalls = useQuery(runCallsQuery(runId));
  const { data, error, refetch } = ofCalls;
  const { data: signals, ...ofSignals } = useQuery(signalsQuery({ run_id: runId }));
  useListKeys();
  const now = useCoarseNow();
  const calls = data?.calls ?? [];
  const { data: known } = useQuery(runStepsQuery(runId));
  const looped = alike(calls, (signals ?? []).filter((signal) => signal.kind === "looping").map((signal) => signal.call_ids));
  const same = new Map([...repeated(known?.items ?? []), ...looped]);
  const tokens = tokensOf(calls);
  const busy = calls.reduce((sum, call) => sum + call.duration_ms, 0);
  const whole = (run.ended_at ? Date.parse(run.ended_at) : now) - Date.parse(run.started_at ?? run.created_at);
  return (
    <Page
      title={`${say.title(run.attempt)} · ${run.task.ref}`}
      above={
        <>
          <Link to="/board" className="hover:underline">
            {tasks.board}
          </Link>{" "}
          /{" "}
          <Link to="/tasks/$taskId" params={{ taskId: run.task.id }} className="hover:underline">
            {run.task.ref}
          </Link>{" "}
          / {say.title(run.attempt)}
        </>
      }
      answer={<Answer run={run} />}
      below={
        <span className="flex flex-wrap gap-x-3">
          <Link to="/tasks/$taskId" params={{ taskId: run.task.id }} className="hover:underline">
            {run.task.title}
          </Link>
          {!run.ended_at && <StatusLine status={run.status} wrap />}
        </span>
      }
      actions={
        <>
          <RunLever run={{ id: run.id, state: run.state, agent: run.agent, taskId: run.task.id, status: run.status }} />
          {run.calls > 0 && <ReplayButton of={{ run_id: run.id }} />}
          {run.calls > 0 && <CompareWith run={run} />}
        </>
      }
    >
      <Strip
        figures={[
          {
            label: say.cost,
            value: (
              <Link to="/calls" search={{ run: run.id }} className="hover:underline">
                <Money nano={run.cost_nano} unpriced={run.unpriced_calls} />
              </Link>
            ),
          },
          {
            label: say.calls,
            value: formatCount(run.calls),
            note: run.errors > 0 && <span className="text-wrong">{say.errors(run.errors)}</span>,
          },
          { label: say.tokensIn, value: formatCompact(tokens.input), note: tokens.cached > 0 && say.cached(formatCompact(tokens.cached)) },
          { label: say.inModels, value: busy < 60_000 ? formatDuration(busy) : formatSpan(busy), note: whole > 0 && say.ofTime(formatShare(Math.min(1, busy / whole))) },
        ]}
      />
      {/* All of it at once: what comes later would push away what is being read. */}
      {[ofCalls, ofSignals].some(firstAsked) ? (
        <SkeletonRows rows={8} />
      ) : (
        <div className="grid grid-cols-[minmax(0,1fr)] gap-6 xl:grid-cols-[minmax(0,1fr)_280px]">
          <Section
            title={say.steps}
            aside={
              <Link to="/calls" search={{ run: run.id }} className="text-accent hover:underline">
                {say.allCalls}
              </Link>
            }
          >
            {error && !data && <ProblemNote error={error} retry={() => void refetch()} />}
            {data && (calls.length === 0 ? <p className="card px-4 py-3 text-faint">{say.nothing}</p> : <RunSteps calls={calls} cut={data.cut} same={same} />)}
          </Section>
          <aside className="grid content-start gap-5">
            {ofSignals.error && !signals && (
              <Section title={noticed.title}>
                <ProblemNote error={ofSignals.error} retry={() => void ofSignals.refetch()} />
              </Section>
            )}
            {signals && signals.length > 0 && (
              <Section title={noticed.title}>
                <ul className="card divide-y divide-line">
                  {signals.map((signal) => (
                    <li key={signal.id} className="px-4 py-2.5">
                      <p>
                        <b className={signal.state === "up" ? "text-wrong" : undefined}>{signalTitle(signal)}</b> <Ago at={signal.noticed_at} className="text-s text-faint" />
                      </p>
                      <p className="text-muted">{signal.words}</p>
                    </li>
                  ))}
                </ul>
              </Section>
            )}
            {(run.summary ?? run.note) && (
              <Section title={say.note}>
                <div className="card px-4 py-3">
                  <Markdown text={run.summary ?? run.note ?? ""} />
                </div>
              </Section>
            )}
            <Section title={say.facts}>
              <div className="card p-4">
                <Facts
                  facts={[
                    {
                      label: tasks.page.agent,
                      value: (
                        <Link to="/agents/$agentId" params={{ agentId: run.agent.id }} className="hover:underline">
                          {run.agent.name}
                        </Link>
                      ),
                    },
                    { label: say.began, value: <Ago at={run.started_at ?? run.created_at} /> },
                    ...(run.ended_at ? [{ label: say.ended, value: <Ago at={run.ended_at} /> }] : [{ label: say.lease, value: formatClock(run.lease_expires_at) }]),
                    ...(run.reason ? [{ label: say.reason, value: reasonWords(run.reason) }] : []),
                  ]}
                />
              </div>
            </Section>
          </aside>
        </div>
      )}
    </Page>
  );
}

/** Leads to this run beside another attempt at its task. */
function CompareWith({ run }: { run: Run }) {
  const navigate = useNavigate();
  const { data } = useQuery(runsQuery({ task_id: run.task.id }));
  const others = (data?.items ?? []).filter((other) => other.id !== run.id && other.calls > 0);
  if (others.length === 0) return null;
  return (
    <FilterSelect
      label={compare.with}
      value=""
      onChange={(otherId) => otherId && void navigate({ to: "/runs/$runId/compare/$otherId", params: { runId: run.id, otherId } })}
      choices={others.map((other) => ({ value: other.id, label: compare.attempt(other.attempt, other.agent.name) }))}
    />
  );
}

function Answer({ run }: { run: Run }) {
  const from = run.started_at ?? run.created_at;
  return (
    <>
      {say.answer(run.attempt, run.agent.name)} <Mark tone={TONE[run.state]}>{say.verbs[run.state]}</Mark>{" "}
      {run.ended_at ? formatSpan(Date.parse(run.ended_at) - Date.parse(from)) : <Since at={from} />}
      {run.reason && ` (${reasonWords(run.reason).replace(/\.$/, "")})`}.
    </>
  );
}
