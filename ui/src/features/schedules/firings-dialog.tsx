import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { firingsQuery } from "@/api/schedules";
import type { Firing, Schedule } from "@/api/types";
import { Button } from "@/components/button";
import type { Tone } from "@/components/chip";
import { Chip } from "@/components/chip";
import { Dialog } from "@/components/dialog";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { formatInstant } from "@/lib/format";
import { words } from "@/strings/common";
import { schedules } from "@/strings/schedules";

const say = schedules.firings;
const TONES: Record<Firing["outcome"], Tone> = { created: "work", skipped: "plain", queued: "wait", failed: "wrong" };
/** What is dealt with later than this was missed and made up for. */
const ON_TIME_MS = 60_000;

/** What came of a schedule's firings, latest first. */
export function FiringsDialog({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(firingsQuery(schedule.id));
  const firings = data?.pages.flatMap((page) => page.items);
  return (
    <Dialog open onOpenChange={onClose} title={say.title(schedule.name)} wide>
      {error && !data && <ProblemNote error={error} retry={() => void refetch()} />}
      {!firings && !error && <SkeletonRows rows={3} />}
      {firings?.length === 0 && <p className="text-muted">{say.empty}</p>}
      {firings && firings.length > 0 && (
        <ol aria-label={say.title(schedule.name)} className="divide-y divide-line">
          {firings.map((firing) => (
            <FiringRow key={firing.key} firing={firing} />
          ))}
        </ol>
      )}
      {hasNextPage && (
        <Button className="mt-3" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {words.more}
        </Button>
      )}
    </Dialog>
  );
}

function FiringRow({ firing }: { firing: Firing }) {
  const late = Date.parse(firing.fired_at) - Date.parse(firing.at) > ON_TIME_MS;
  return (
    <li className="flex flex-wrap items-baseline gap-x-3 gap-y-1 py-2">
      <span className="num text-s whitespace-nowrap">
        <time dateTime={firing.at}>{formatInstant(firing.at)}</time>
      </span>
      <Chip tone={TONES[firing.outcome]}>{say.outcomes[firing.outcome]}</Chip>
      <span className="min-w-0 flex-1 basis-48 wrap-anywhere">
        {firing.task && (
          <Link to="/tasks/$taskId" params={{ taskId: firing.task.id }} className="text-accent underline underline-offset-2">
            {firing.task.ref} {firing.task.title}
          </Link>
        )}
        {firing.note && <span className="block text-s text-muted">{firing.note}</span>}
        {late && <span className="block text-s text-muted">{say.late(formatInstant(firing.fired_at))}</span>}
      </span>
    </li>
  );
}
