import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { Mark } from "@/api/calls";
import { taskCostsQuery } from "@/api/costs";
import type { Task, TaskCosts } from "@/api/types";
import { CapBar } from "@/components/cap-bar";
import type { CostClass, CostPart } from "@/components/cost-split";
import { CostSplit, markOf } from "@/components/cost-split";
import { Money } from "@/components/figures";
import { ProblemLine } from "@/components/states";
import { words } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.page;
type Evidence = { task: string; run?: string; mark?: Mark };

/** The calls that a class is made of: those known as it, those of the one run it came from, else all of the task. Pure. */
export function evidenceOf(taskId: string, name: CostClass, runs: Pick<TaskCosts["runs"][number], "run_id" | "classes">[]): Evidence {
  const mark = markOf(name);
  if (mark) return { task: taskId, mark };
  const [only, ...more] = runs.filter((run) => (run.classes[name] ?? 0) > 0);
  return only && more.length === 0 ? { task: taskId, run: only.run_id } : { task: taskId };
}

/** What it has cost against what it may, and where that went, each part leading to its calls. */
export function TaskCost({ task }: { task: Task }) {
  const { data: costs, error, refetch } = useQuery(taskCostsQuery(task.id));
  const link = ({ name }: CostPart, figure: ReactNode) => (
    <Link to="/calls" search={evidenceOf(task.id, name, costs?.runs ?? [])} className="hover:underline">
      {figure}
    </Link>
  );
  return (
    <div className="card grid gap-2 px-4 py-3">
      <p>
        <Link to="/calls" search={{ task: task.id }} className="hover:underline">
          <span className="num text-figure font-[560]">
            {task.calls > 0 ? <Money nano={task.cost_nano} unpriced={task.unpriced_calls} /> : <span className="text-faint">–</span>}
          </span>{" "}
          <span className="text-s text-muted">
            {task.budget_nano !== null && (
              <>
                {say.ofBudget} <Money nano={task.budget_nano} /> ·{" "}
              </>
            )}
            {say.from(words.calls(task.calls))}
          </span>
        </Link>
      </p>
      {task.budget_nano !== null && <CapBar spent={task.cost_nano} cap={task.budget_nano} wide />}
      {error && !costs && <ProblemLine error={error} retry={() => void refetch()} />}
      {costs && costs.total_nano > 0 && <CostSplit classes={costs.classes} total={costs.total_nano} link={link} stacked />}
      {costs && (costs.retries_nano > 0 || costs.rejected_nano > 0) && (
        <dl className="grid grid-cols-[minmax(0,1fr)_auto] gap-y-0.5 border-t border-line pt-2 text-s text-muted">
          {costs.retries_nano > 0 && (
            <>
              <dt>{say.retries}</dt>
              <dd>
                <Money nano={costs.retries_nano} />
              </dd>
            </>
          )}
          {costs.rejected_nano > 0 && (
            <>
              <dt>{say.sentBack}</dt>
              <dd>
                <Money nano={costs.rejected_nano} />
              </dd>
            </>
          )}
        </dl>
      )}
    </div>
  );
}
