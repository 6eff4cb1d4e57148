import { useNavigate } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight } from "lucide-react";

import { Button } from "@/components/button";
import { KeyHint } from "@/components/kbd";
import { Page } from "@/components/page";
import { Empty, ProblemNote, SkeletonRows } from "@/components/states";
import { beside, useReviewQueue } from "@/features/reviews/queue";
import { ReviewPanel } from "@/features/reviews/review-panel";
import { ReviewQueue } from "@/features/reviews/review-queue";
import { cx } from "@/lib/cx";
import { useHotkeys } from "@/lib/hotkeys";
import { usePhone } from "@/lib/media";
import { reviews as say } from "@/strings/reviews";

/** The queue, and beside it the version that is judged. On a phone one of the two. */
export function ReviewsPage({ taskId }: { taskId?: string }) {
  const { queue, whole, error, refetch } = useReviewQueue();
  const navigate = useNavigate();
  const phone = usePhone();
  const chosen = taskId ?? (phone ? undefined : queue?.[0]?.task.id);
  const go = (by: 1 | -1) => {
    const to = queue && beside(queue, chosen ?? "", by);
    if (to) void navigate({ to: "/reviews/$taskId", params: { taskId: to.id } });
  };
  useHotkeys({ n: () => go(1), j: () => go(1), k: () => go(-1) });
  /** What was judged leaves the queue: on to the one after it, or to what is left. */
  const onDone = () => {
    const to = queue && chosen ? (beside(queue, chosen, 1) ?? beside(queue, chosen, -1)) : undefined;
    if (to) void navigate({ to: "/reviews/$taskId", params: { taskId: to.id } });
    else void navigate({ to: "/reviews" });
  };
  const at = queue?.findIndex((each) => each.task.id === chosen) ?? -1;
  return (
    <Page
      title={say.title}
      wide
      answer={queue ? say.answer(queue.filter((each) => each.mine).length, queue.length, whole) : say.title}
      actions={
        queue && queue.length > 1 && chosen ? (
          <>
            {at >= 0 && <span className="num text-s text-muted">{say.of(at + 1, queue.length)}</span>}
            <Button onClick={() => go(-1)} disabled={at <= 0} aria-label={say.previous}>
              <ChevronLeft size={14} aria-hidden="true" />
            </Button>
            <Button onClick={() => go(1)} disabled={at === queue.length - 1}>
              {say.next} <KeyHint>n</KeyHint> <ChevronRight size={14} aria-hidden="true" />
            </Button>
          </>
        ) : undefined
      }
    >
      {error && !queue && <ProblemNote error={error} retry={() => void refetch()} />}
      {!error && !queue && <SkeletonRows />}
      {queue?.length === 0 && !taskId && <Empty title={say.empty}>{say.emptyHelp}</Empty>}
      {queue && (queue.length > 0 || taskId) && (
        <div className={cx("grid grid-cols-[minmax(0,1fr)] gap-6", queue.length > 0 && "md:grid-cols-[240px_minmax(0,1fr)]")}>
          {queue.length > 0 && (!phone || !chosen) && <ReviewQueue queue={queue} chosen={chosen} />}
          {chosen && <ReviewPanel key={chosen} taskId={chosen} onDone={onDone} />}
        </div>
      )}
    </Page>
  );
}
