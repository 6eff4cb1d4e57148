import { Link } from "@tanstack/react-router";

import { Chip, Dot } from "@/components/chip";
import { Money, Since } from "@/components/figures";
import type { Waiting } from "@/features/reviews/queue";
import { cx } from "@/lib/cx";
import { reviews as say } from "@/strings/reviews";

/** All that waits for a review, as a list to walk. */
export function ReviewQueue({ queue, chosen }: { queue: Waiting[]; chosen: string | undefined }) {
  return (
    <nav aria-label={say.queue}>
      <ul className="card divide-y divide-line overflow-hidden">
        {queue.map(({ task, mine }) => (
          <li key={task.id}>
            <Link
              to="/reviews/$taskId"
              params={{ taskId: task.id }}
              aria-current={task.id === chosen ? "true" : undefined}
              className={cx("grid gap-0.5 px-3.5 py-2.5 hover:bg-sunken/60", task.id === chosen && "bg-accent-soft hover:bg-accent-soft")}
            >
              <span className="flex items-baseline gap-2">
                <Dot tone="review" className="relative -top-px" />
                <span className="min-w-0 flex-1 font-[560] break-words">{task.title}</span>
                <Since at={task.state_since} className="text-s text-muted" />
              </span>
              <span className="flex flex-wrap items-center gap-x-2 pl-4 text-s text-muted">
                {task.ref}
                {task.latest_version ? ` · v${task.latest_version.version}` : ` · ${say.nothingIn}`}
                {task.agent && ` · ${task.agent.name}`}
                <Money nano={task.cost_nano} unpriced={task.unpriced_calls} className="ml-auto" />
                {mine && <Chip tone="review">{say.yours}</Chip>}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
