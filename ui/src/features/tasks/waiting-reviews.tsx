import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { useMay } from "@/api/may";
import { boardQuery } from "@/api/tasks";
import { Button } from "@/components/button";
import { Dot } from "@/components/chip";
import { Money, Since } from "@/components/figures";
import { Section } from "@/components/page";
import { useConfirmedMove } from "@/features/tasks/confirm-move";
import { now as say } from "@/strings/now";

const SHOWN = 6;

/** Finished work that waits for a person's word. Nothing is drawn when nothing waits. */
export function WaitingReviews() {
  const { data: waiting } = useSuspenseQuery({
    ...boardQuery({}),
    select: (board) => board.columns.find((column) => column.state === "in_review"),
  });
  const { move, confirm } = useConfirmedMove();
  const mayReview = useMay("review");
  const mayWork = useMay("work");
  if (!waiting || waiting.count === 0) return null;
  return (
    <Section title={say.waits} aside={<span className="num">{waiting.count}</span>}>
      <ul className="card divide-y divide-line">
        {waiting.items.slice(0, SHOWN).map((task) => (
          <li key={task.id} className="grid gap-1.5 px-4 py-3">
            <p className="flex items-baseline gap-2">
              <Dot tone="review" className="relative -top-px" />
              <Link to="/tasks/$taskId" params={{ taskId: task.id }} data-row-link className="min-w-0 font-[560] break-words hover:underline">
                {task.title}
              </Link>
              <Since at={task.state_since} className="ml-auto text-s text-faint" />
            </p>
            <p className="text-s text-muted">
              {task.ref}
              {task.agent && ` · ${say.review(task.agent.name)}`} · <Money nano={task.cost_nano} unpriced={task.unpriced_calls} />
            </p>
            <p className="flex gap-1.5">
              {mayReview && task.allowed_moves.includes("done") && (
                <Button size="s" onClick={() => move(task, "done")}>
                  {say.approve}
                </Button>
              )}
              {mayWork && task.allowed_moves.includes("in_progress") && (
                <Button size="s" onClick={() => move(task, "in_progress")}>
                  {say.sendBack}
                </Button>
              )}
            </p>
          </li>
        ))}
      </ul>
      {confirm}
    </Section>
  );
}
