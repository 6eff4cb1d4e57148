import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

import { Chip, Dot } from "@/components/chip";
import { Money, Since } from "@/components/figures";
import type { Waiting } from "@/features/reviews/queue";
import { cx } from "@/lib/cx";
import { reviews as say } from "@/strings/reviews";

/** All that waits for a review, as a list to walk. */
export function ReviewQueue({ queue, chosen }: { queue: Waiting[]; chosen: string | undefined }) {
  const list = useRef<HTMLElement>(null);
  // Walked by keys, it may be longer than the window.
  useEffect(() => {
    const [item, box] = [list.current?.querySelector<HTMLElement>("[aria-current]"), list.current];
    if (!item || !box) return;
    const below = item.offsetTop + item.offsetHeight - box.clientHeight;
    box.scrollTop = Math.max(below, Math.min(box.scrollTop, item.offsetTop));
  }, [chosen]);
  const others = queue.some((each) => !each.mine);
  return (
    <nav ref={list} aria-label={say.queue} className="scroll-quiet md:sticky md:top-6 md:max-h-[calc(100dvh-3rem)] md:self-start md:overflow-y-auto">
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
                <span className="line-clamp-3 min-w-0 flex-1 font-[560] break-words" title={task.title}>{task.title}</span>
                <Since at={task.state_since} className="text-s text-muted" />
              </span>
              <span className="flex items-center gap-2 pl-4 text-s text-muted">
                <span className="min-w-0 flex-1 truncate">
                  {task.ref}
                  {task.latest_version ? ` · v${task.latest_version.version}` : ` · ${say.nothingIn}`}
                  {task.agent && ` · ${task.agent.name}`}
                </span>
                {mine && others && <Chip tone="review">{say.yours}</Chip>}
                <Money nano={task.cost_nano} unpriced={task.unpriced_calls} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
