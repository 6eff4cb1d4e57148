import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { agentRunsQuery } from "@/api/runs";
import type { Agent, RunState } from "@/api/types";
import { Money } from "@/components/figures";
import { Section, Strip } from "@/components/page";
import { report, stretches } from "@/features/agents/ribbon";
import { cx } from "@/lib/cx";
import { formatCount } from "@/lib/format";
import { useFloor } from "@/lib/ticker";
import { agents } from "@/strings/agents";
import { runStates } from "@/strings/common";

const say = agents.day;
const MINUTE = 60_000;
const DAY = 86_400_000;

const LOOK: Record<RunState, string> = { queued: "bg-faint", running: "bg-work", succeeded: "bg-accent/60", failed: "bg-wrong", cancelled: "bg-wait", expired: "bg-wrong" };

/** At least 24 px to hit, however short the run; what is seen of a run lies above what is hit of its neighbours. */
const HIT = "absolute inset-y-0 left-[min(0px,calc((100%-24px)/2))] box-content block w-full px-[max(0px,calc((24px-100%)/2))]";

/** When it was at work in the last 24 hours, and how its runs went. */
export function AgentDay({ agent }: { agent: Agent }) {
  const { data: runs } = useQuery(agentRunsQuery(agent.id));
  const until = useFloor(MINUTE) + MINUTE;
  if (!runs || runs.items.length === 0) return null;
  const drawn = stretches(runs.items, until - DAY, until);
  const card = report(runs.items);
  return (
    <div className="grid gap-5">
      <Section title={say.ribbon} aside={<Legend />}>
        <div className="card px-4 py-3">
          <ul aria-label={say.ribbonLabel(drawn.length)} className="relative isolate h-6 overflow-hidden rounded-[4px] bg-sunken">
            {drawn.map((each) => (
              <li key={each.id} className="absolute inset-y-0 min-w-[3px]" style={{ left: `${each.left}%`, width: `${each.width}%` }}>
                <Link
                  to="/runs/$runId"
                  params={{ runId: each.id }}
                  aria-label={say.stretch(each.ref, each.attempt, runStates[each.state])}
                  title={say.stretch(each.ref, each.attempt, runStates[each.state])}
                  className={HIT}
                >
                  <i aria-hidden="true" className={cx("relative z-10 block h-full hover:opacity-80", LOOK[each.state])} />
                </Link>
              </li>
            ))}
          </ul>
          <p aria-hidden="true" className="num mt-1 flex justify-between text-xs text-faint">
            {["−24 h", "−18 h", "−12 h", "−6 h", say.now].map((each) => (
              <span key={each}>{each}</span>
            ))}
          </p>
        </div>
      </Section>
      <Section title={say.report} aside={say.lastRuns(card.runs, runs.next !== null)}>
        <Strip
          figures={[
            { label: say.succeeded, value: card.ended === 0 ? "–" : `${Math.round((100 * card.succeeded) / card.ended)} %`, note: card.ended > 0 && say.ofEnded(card.succeeded, card.ended) },
            { label: say.failed, value: <span className={card.failed > 0 ? "text-wrong" : undefined}>{formatCount(card.failed)}</span> },
            { label: say.perSuccess, value: card.perSuccess === null ? "–" : <Money nano={card.perSuccess} />, note: card.perSuccess === null ? undefined : say.withFailures },
            { label: say.cost, value: <Money nano={card.cost} /> },
          ]}
        />
      </Section>
    </div>
  );
}

function Legend() {
  return (
    <span className="flex flex-wrap gap-3">
      {(["running", "succeeded", "failed", "cancelled"] as const).map((state) => (
        <span key={state} className="inline-flex items-center gap-1.5">
          <i aria-hidden="true" className={cx("h-2 w-3 rounded-[2px]", LOOK[state])} />
          {runStates[state]}
        </span>
      ))}
    </span>
  );
}
