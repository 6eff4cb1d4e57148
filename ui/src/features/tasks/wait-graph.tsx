import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { graphQuery } from "@/api/graph";
import type { GraphTask, Task } from "@/api/types";
import type { Tone } from "@/components/chip";
import { Dot } from "@/components/chip";
import { Since } from "@/components/figures";
import { ProblemNote } from "@/components/states";
import { isClosed } from "@/features/tasks/is-closed";
import type { Layer } from "@/features/tasks/wait-layers";
import { layersOf } from "@/features/tasks/wait-layers";
import { cx } from "@/lib/cx";
import { states } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.page;

const TONE: Record<string, Tone | "idle"> = { backlog: "idle", ready: "wait", in_progress: "work", in_review: "review", done: "done", cancelled: "done" };

/** What the task waits for, above it, and what waits behind it, below: each with how long it stands there. */
export function WaitGraph({ task }: { task: Task }) {
  const { data: graph, error, refetch } = useQuery(graphQuery(task.id));
  if (error && !graph) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!graph) return <span className="skeleton block h-9" />;
  const { before, behind } = layersOf(graph);
  if (before.length === 0 && behind.length === 0) return <p className="card px-4 py-3 text-faint">{say.nothingWaits}</p>;
  const path = graph.critical_path.map((each) => each.ref).join(" → ");
  return (
    <div className="card grid gap-0 px-4 py-3">
      {before.map((layer, at) => (
        <Rank key={`before-${at}`} layer={layer} waiting={false} below />
      ))}
      <p className="flex items-center gap-2 rounded-s border-[1.5px] border-ink px-2.5 py-1.5">
        <b className="num">{task.ref}</b>
        <span className="text-s text-muted">{say.thisTask}</span>
        {graph.blocked && graph.blocked_since && (
          <span className="ml-auto text-s text-wait">
            {tasks.waitsSince} <Since at={graph.blocked_since} />
          </span>
        )}
      </p>
      {behind.map((layer, at) => (
        <Rank key={`behind-${at}`} layer={layer} waiting />
      ))}
      {graph.critical_path.length > 2 && <p className="pt-2.5 text-s text-faint">{say.path(path)}</p>}
    </div>
  );
}

function Rank({ layer, waiting, below = false }: { layer: Layer; waiting: boolean; below?: boolean }) {
  const line = <i aria-hidden="true" className="ml-4 block h-3 w-px bg-line-strong" />;
  return (
    <>
      {!below && line}
      <ul className="grid gap-1">
        {layer.tasks.map((each) => (
          <Node key={each.id} task={each} waiting={waiting} />
        ))}
        {layer.hidden > 0 && <li className="px-2.5 text-s text-faint">{say.moreHere(layer.hidden)}</li>}
      </ul>
      {below && line}
    </>
  );
}

function Node({ task, waiting }: { task: GraphTask; waiting: boolean }) {
  const tone = waiting ? "wait" : (TONE[task.state] ?? "idle");
  const closed = isClosed(task);
  return (
    <li>
      <Link
        to="/tasks/$taskId"
        params={{ taskId: task.id }}
        title={task.title}
        className={cx("flex items-center gap-2 rounded-s border px-2.5 py-1.5 hover:border-line-strong", closed ? "border-line text-faint" : "border-line bg-bg")}
      >
        <Dot tone={closed ? "done" : tone} />
        <span className="num shrink-0 text-s">{task.ref}</span>
        <span dir="auto" className="min-w-0 flex-1 truncate text-left">{task.title}</span>
        <span className="max-w-[50%] shrink-0 truncate text-right text-xs text-muted">
          {task.agent ? `${task.agent.name} · ` : ""}
          {(states as Record<string, string>)[task.state]?.toLowerCase() ?? task.state} <Since at={task.state_since} />
        </span>
      </Link>
    </li>
  );
}
