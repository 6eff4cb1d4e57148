import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import { agentStatesQuery } from "@/api/agents";
import type { Agent, Run, Stretch } from "@/api/types";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Section } from "@/components/page";
import { ProblemNote } from "@/components/states";
import type { View } from "@/components/view-switch";
import { ViewSwitch } from "@/components/view-switch";
import { RunTrack } from "@/features/agents/run-track";
import type { Kind, Share, Slot } from "@/features/agents/shown";
import { kindOf, merged, slots, totals } from "@/features/agents/shown";
import { cx } from "@/lib/cx";
import { formatInstant, formatMinute, formatSpan } from "@/lib/format";
import { useFloor } from "@/lib/ticker";
import { agents } from "@/strings/agents";

const say = agents.ribbon;
const MINUTE = 60_000;
const DAY = 86_400_000;
const SLOTS = 96;

/** Colour and pattern say the same; the legend and the words below say it again. */
const LOOK: Record<Kind, string> = {
  answering: "bg-work",
  tool: "bg-work-soft bg-[repeating-linear-gradient(90deg,var(--work)_0_2px,transparent_2px_5px)]",
  between: "bg-work-soft bg-[repeating-linear-gradient(0deg,var(--work)_0_1px,transparent_1px_5px)]",
  person: "bg-wait",
  agent: "bg-wait-soft bg-[repeating-linear-gradient(90deg,var(--wait)_0_2px,transparent_2px_5px)]",
  provider: "bg-wait-soft bg-[repeating-linear-gradient(0deg,var(--wait)_0_1px,transparent_1px_5px)]",
  trouble: "bg-wrong",
  held: "bg-done-soft bg-[repeating-linear-gradient(90deg,var(--muted)_0_2px,transparent_2px_5px)]",
  idle: "bg-line-strong",
  away: "bg-sunken",
  unknown: "bg-surface bg-[repeating-linear-gradient(45deg,var(--line-strong)_0_1px,transparent_1px_6px)]",
};

const share = ({ kind, ms }: Share): string => `${say.kinds[kind]} ${formatSpan(ms)}`;
const told = (slot: Slot, made: number): string => `${formatMinute(slot.from)}–${formatMinute(slot.to)}: ${slot.shares.map(share).join(", ") || nothing(slot, made)}`;
const nothing = (slot: Slot, made: number): string => (slot.to <= made ? say.before : say.toCome);

/** What was shown of an agent over the last day, and its runs below it. */
export function StateRibbon({ agent, runs }: { agent: Agent; runs: Run[] }) {
  const now = useFloor(MINUTE) + MINUTE;
  const { data, error, refetch } = useQuery(agentStatesQuery(agent.id));
  const [view, setView] = useState<View>("chart");
  const [at, setAt] = useState<number>();
  const made = Date.parse(agent.created_at);
  const parts = useMemo(() => slots(data?.items ?? [], agent.status.state, { from: now - DAY, until: now, made, now }, SLOTS), [data, agent.status.state, made, now]);
  const chosen = at === undefined ? undefined : parts[at];
  const onKeyDown = (event: React.KeyboardEvent) => {
    const to = { ArrowLeft: (at ?? SLOTS) - 1, ArrowRight: (at ?? SLOTS - 2) + 1, Home: 0, End: SLOTS - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    setAt(Math.min(SLOTS - 1, Math.max(0, to)));
  };
  return (
    <Section title={say.title} aside={<ViewSwitch value={view} onChange={setView} chart={say.chart} />}>
      {error && !data ? (
        <ProblemNote error={error} retry={() => void refetch()} />
      ) : view === "table" ? (
        <div className="scroll-quiet max-h-[480px] overflow-y-auto">
          <DataTable label={say.title} columns={columns(agent.id)} rows={[...(data?.items ?? [])].reverse()} rowId={(row) => row.began_at} />
        </div>
      ) : (
        <div className="card grid gap-2 px-4 py-3">
          {data ? (
            <div
              role="slider"
              tabIndex={0}
              aria-label={say.title}
              aria-orientation="horizontal"
              aria-valuemin={0}
              aria-valuemax={SLOTS - 1}
              aria-valuenow={at ?? SLOTS - 1}
              aria-valuetext={told(chosen ?? parts[SLOTS - 1] ?? { from: now, to: now, shares: [] }, made)}
              onKeyDown={onKeyDown}
              onPointerMove={(event) => event.pointerType === "mouse" && setAt(slotAt(event))}
              onPointerDown={(event) => setAt(slotAt(event))}
              className="relative h-8 touch-pan-y overflow-hidden rounded-[4px] border border-line"
            >
              {merged(parts).map((part) => (
                <i key={part.from} aria-hidden="true" className="absolute inset-y-0 flex flex-col" style={place(part, now)}>
                  {part.shares.map((each) => (
                    <i key={each.kind} className={cx("block min-h-px w-full", LOOK[each.kind])} style={{ flexGrow: each.ms }} />
                  ))}
                </i>
              ))}
              {chosen && <i aria-hidden="true" className="absolute inset-y-0 min-w-[3px] outline-2 -outline-offset-2 outline-ink" style={place(chosen, now)} />}
            </div>
          ) : (
            <span className="skeleton block h-8" />
          )}
          <RunTrack runs={runs} from={now - DAY} until={now} />
          <p aria-hidden="true" className="num flex justify-between text-xs text-faint">
            {["−24 h", "−18 h", "−12 h", "−6 h", say.now].map((each) => (
              <span key={each}>{each}</span>
            ))}
          </p>
          <ul aria-label={chosen ? told(chosen, made) : say.inAll} className="flex min-h-5 flex-wrap items-center gap-x-4 gap-y-1 text-s text-muted">
            {chosen && (
              <li className="text-ink">
                {formatMinute(chosen.from)}–{formatMinute(chosen.to)}
              </li>
            )}
            {(chosen?.shares ?? totals(parts)).map((each) => (
              <li key={each.kind} className="inline-flex items-center gap-1.5">
                <i aria-hidden="true" className={cx("h-3 w-4 rounded-[2px] border border-line", LOOK[each.kind])} />
                {say.kinds[each.kind]} <span className="num text-ink">{formatSpan(each.ms)}</span>
              </li>
            ))}
            {chosen?.shares.length === 0 && <li>{nothing(chosen, made)}</li>}
            {chosen && (
              <li className="ml-auto flex gap-3">
                <CallsLink agentId={agent.id} from={chosen.from} to={chosen.to} />
                <button type="button" className="text-accent hover:underline" onClick={() => setAt(undefined)}>
                  {say.wholeDay}
                </button>
              </li>
            )}
          </ul>
        </div>
      )}
    </Section>
  );
}

function slotAt(event: React.PointerEvent): number {
  const box = event.currentTarget.getBoundingClientRect();
  return Math.min(SLOTS - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * SLOTS)));
}

const place = (part: Slot, now: number) => ({ left: `${((part.from - now + DAY) / DAY) * 100}%`, width: `${((part.to - part.from) / DAY) * 100}%` });

function CallsLink({ agentId, from, to }: { agentId: string; from: number; to: number }) {
  return (
    <Link to="/calls" search={{ agent: agentId, from: new Date(from).toISOString(), to: new Date(to).toISOString() }} className="text-accent hover:underline">
      {say.calls}
    </Link>
  );
}

const columns = (agentId: string): Column<Stretch>[] => [
  { id: "from", header: say.columns.from, cell: (row) => formatInstant(row.began_at) },
  {
    id: "shown",
    header: say.columns.shown,
    cell: (row) => (
      <span className="whitespace-normal">
        {row.shown.map((each) => (each.ms > 0 ? `${agents.states[each.state] ?? say.kinds[kindOf(each.state)]} ${formatSpan(each.ms)}` : (agents.states[each.state] ?? each.state))).join(", ")}
        {row.waits_name && <span className="text-muted"> · {say.waits(row.waits_name)}</span>}
      </span>
    ),
  },
  {
    id: "lasted",
    header: say.columns.lasted,
    align: "end",
    cell: (row) => (row.ended_at ? formatSpan(Date.parse(row.ended_at) - Date.parse(row.began_at)) : say.goesOn),
  },
  {
    id: "evidence",
    header: say.columns.evidence,
    align: "end",
    cell: (row) => (
      <span className="inline-flex gap-3">
        {row.run_id && (
          <Link to="/runs/$runId" params={{ runId: row.run_id }} className="text-accent hover:underline">
            {say.run}
          </Link>
        )}
        <CallsLink agentId={agentId} from={Date.parse(row.began_at)} to={row.ended_at ? Date.parse(row.ended_at) : Date.now()} />
      </span>
    ),
  },
];
