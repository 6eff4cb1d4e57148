import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { subtasksQuery } from "@/api/tasks";
import type { Task } from "@/api/types";
import { Dot } from "@/components/chip";
import { Section } from "@/components/page";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { toneOf } from "@/components/status/status-words";
import { isClosed } from "@/features/tasks/is-closed";
import { cx } from "@/lib/cx";
import { states } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.page;

/** The tasks that are a part of it, each with where it stands; nothing where there are none. */
export function Subtasks({ task }: { task: Task }) {
  const { total, closed } = task.subtasks;
  const { data, error, refetch } = useQuery({ ...subtasksQuery(task.id), enabled: total > 0 });
  if (total === 0) return null;
  return (
    <Section title={say.subtasks} aside={say.closedOf(closed, total)}>
      {error && !data && <ProblemNote error={error} retry={() => void refetch()} />}
      {!error && !data && <SkeletonRows rows={2} />}
      {data && (
        <ul aria-label={say.subtasks} className="card divide-y divide-line">
          {data.map((each) => (
            <li key={each.id}>
              <Link
                to="/tasks/$taskId"
                params={{ taskId: each.id }}
                title={each.title}
                className={cx("flex min-h-9 items-center gap-2 px-4 py-1.5 pointer-coarse:min-h-11 hover:bg-sunken/60", isClosed(each) && "text-faint")}
              >
                <Dot tone={isClosed(each) ? "done" : each.state === "in_review" ? "review" : toneOf(each.status.state)} />
                <span className="num shrink-0 text-s">{each.ref}</span>
                <span dir="auto" className="min-w-0 flex-1 truncate text-left">{each.title}</span>
                <span className="shrink-0 text-xs text-muted">{states[each.state].toLowerCase()}</span>
              </Link>
            </li>
          ))}
          {total > data.length && <li className="px-4 py-2 text-s text-faint">{say.moreHere(total - data.length)}</li>}
        </ul>
      )}
    </Section>
  );
}
