import { Link } from "@tanstack/react-router";

import type { Run, RunState } from "@/api/types";
import { crowded, stretches } from "@/features/agents/ribbon";
import { cx } from "@/lib/cx";
import { usePhone } from "@/lib/media";
import { agents } from "@/strings/agents";
import { runStates } from "@/strings/common";

const say = agents.day;
const LOOK: Record<RunState, string> = { queued: "bg-faint", running: "bg-work", succeeded: "bg-accent/60", failed: "bg-wrong", cancelled: "bg-wait", expired: "bg-wrong" };

/** At least 24 px to hit, however short the run; what is seen of a run lies above what is hit of its neighbours. */
const HIT = "absolute inset-y-0 left-[min(0px,calc((100%-24px)/2))] box-content flex w-full items-center px-[max(0px,calc((24px-100%)/2))]";

/** The runs of that time, each a link. */
export function RunTrack({ runs, from, until }: { runs: Run[]; from: number; until: number }) {
  const phone = usePhone();
  const drawn = stretches(runs, from, until);
  if (drawn.length === 0) return null;
  return (
    <ul aria-label={say.ribbonLabel(drawn.length)} className="relative isolate h-6 overflow-hidden">
      {drawn.map((each, at) => (
        <li key={each.id} className="absolute inset-y-0 min-w-[3px]" style={{ left: `${each.left}%`, width: `${each.width}%` }}>
          <Link
            to="/runs/$runId"
            params={{ runId: each.id }}
            aria-label={say.stretch(each.ref, each.attempt, runStates[each.state])}
            title={say.stretch(each.ref, each.attempt, runStates[each.state])}
            // Where runs stand closer than a finger is wide, the keys stop at none of them; the table of runs has each.
            tabIndex={crowded(drawn, at, phone) ? -1 : undefined}
            className={HIT}
          >
            <i aria-hidden="true" className={cx("relative z-10 block h-2 w-full rounded-[2px] hover:opacity-80", LOOK[each.state])} />
          </Link>
        </li>
      ))}
    </ul>
  );
}
