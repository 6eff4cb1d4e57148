import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { runsQuery } from "@/api/runs";
import type { Run, Task } from "@/api/types";
import { Money } from "@/components/figures";
import { words } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.page;

type Part = { id: keyof typeof say.costOf; nano: number; color: string };

const COLOR = { useful: "var(--work)", running: "var(--accent)", failed: "var(--wrong)", stopped: "var(--wait)" } as const;
const PART: Record<Run["state"], keyof typeof COLOR> = { succeeded: "useful", failed: "failed", expired: "failed", cancelled: "stopped", running: "running", queued: "running" };

/** What its runs cost, by how they ended. Pure. */
export function costParts(runs: Run[]): Part[] {
  return (Object.keys(COLOR) as (keyof typeof COLOR)[])
    .map((id) => ({ id, color: COLOR[id], nano: runs.filter((run) => PART[run.state] === id).reduce((sum, run) => sum + run.cost_nano, 0) }))
    .filter((part) => part.nano > 0);
}

export function TaskCost({ task }: { task: Task }) {
  const { data: runs } = useQuery(runsQuery({ task_id: task.id }));
  const parts = costParts(runs?.items ?? []);
  const total = parts.reduce((sum, part) => sum + part.nano, 0);
  return (
    <div className="card px-4 py-3">
      <Link to="/calls" search={{ task: task.id }} className="hover:underline">
        <span className="num text-figure font-[560]">
          {task.calls > 0 ? <Money nano={task.cost_nano} unpriced={task.unpriced_calls} /> : <span className="text-faint">–</span>}
        </span>{" "}
        <span className="text-s text-muted">{say.from(words.calls(task.calls))}</span>
      </Link>
      {parts.length > 0 && (
        <>
          <div aria-hidden="true" className="mt-2 flex h-2 gap-px overflow-hidden rounded-[4px]">
            {parts.map((part) => (
              <i key={part.id} style={{ width: `${(part.nano / total) * 100}%`, minWidth: 3, background: part.color }} />
            ))}
          </div>
          <ul className="mt-2 grid gap-0.5 text-s text-muted">
            {parts.map((part) => (
              <li key={part.id} className="flex items-center gap-2">
                <i aria-hidden="true" className="size-2 rounded-[2px]" style={{ background: part.color }} />
                {say.costOf[part.id]} <Money nano={part.nano} className="ml-auto text-ink" />
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
