import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Square } from "lucide-react";
import { useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { cancelReplay, replayKeys, replayQuery, replayStepsQuery } from "@/api/replays";
import type { Replay } from "@/api/types";
import { Button } from "@/components/button";
import { Confirm } from "@/components/dialog";
import { Ago, Money } from "@/components/figures";
import { Mark, Page, Section, Strip } from "@/components/page";
import { targetWords } from "@/components/replay/target";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { ReplaySteps } from "@/features/replays/replay-steps";
import { ReplayMoney } from "@/features/replays/replays-page";
import { formatCompact, formatDuration, formatMoney } from "@/lib/format";
import { replays } from "@/strings/replays";

const say = replays.page;
const TONE = { dry: undefined, running: "work", done: "work", stopped: "wait", cancelled: "wait" } as const;
/** Live events tell of each call; this is for when one is missed. */
const WATCHED_MS = 2_000;

/** What a replay found, call by call beside what was recorded. */
export function ReplayPage({ replayId }: { replayId: string }) {
  const { data: replay } = useSuspenseQuery({ ...replayQuery(replayId), refetchInterval: (query) => (query.state.data?.settled === false ? WATCHED_MS : false) });
  const readable = useMay("readBodies");
  const steps = useQuery({ ...replayStepsQuery(replayId), enabled: readable, refetchInterval: replay.settled ? false : WATCHED_MS });
  const { totals } = replay;
  const dry = replay.state === "dry";
  const answered = (totals.by_state.done ?? 0) > 0;
  const failed = unanswered(totals);
  return (
    <Page
      title={replays.one(replay.id)}
      above={
        <Link to="/replays" className="hover:underline">
          {replays.title}
        </Link>
      }
      answer={<Answer replay={replay} />}
      below={<Below replay={replay} />}
      actions={replay.state === "running" && <CancelButton replay={replay} />}
    >
      {replay.reason && (
        <div role="status" className="card mb-5 border-l-[3px] border-l-wait px-4 py-3">
          <p>{replay.reason}</p>
        </div>
      )}
      <Strip
        figures={[
          { label: dry ? say.estimate : say.cost, value: <ReplayMoney replay={replay} />, note: (dry || answered) && say.was(formatMoney(dry ? totals.was_cost_nano : totals.done_was_cost_nano)) },
          {
            label: say.answers,
            value: answered ? say.same(totals.same) : "–",
            note: totals.different + failed > 0 && (
              <>
                {totals.different > 0 && <span className="text-wait">{say.different(totals.different)}</span>}
                {failed > 0 && <span className="text-wrong"> {say.unanswered(failed)}</span>}
              </>
            ),
          },
          {
            label: say.tokens,
            value: dry ? formatCompact(totals.was_input_tokens + totals.was_output_tokens) : answered ? formatCompact(totals.input_tokens + totals.output_tokens) : "–",
            note: !answered ? undefined : say.inOut(formatCompact(totals.input_tokens), formatCompact(totals.output_tokens)),
          },
          {
            label: say.took,
            value: dry ? formatDuration(totals.was_duration_ms) : answered ? formatDuration(totals.duration_ms) : "–",
            note: !answered ? undefined : say.wasTime(formatDuration(totals.done_was_duration_ms)),
          },
        ]}
      />
      <Section title={say.steps}>
        {!readable && <p className="card px-4 py-3 text-muted">{say.bodies}</p>}
        {steps.error && !steps.data && <ProblemNote error={steps.error} retry={() => void steps.refetch()} />}
        {readable && !steps.error && !steps.data && <SkeletonRows />}
        {steps.data && <ReplaySteps replayId={replay.id} steps={steps.data.items} />}
      </Section>
    </Page>
  );
}

/** How many calls were sent and brought no answer to compare. Pure. */
const unanswered = ({ by_state: by, same, different }: Replay["totals"]): number => (by.done ?? 0) - same - different;

function Answer({ replay }: { replay: Replay }) {
  const { totals } = replay;
  const done = totals.by_state.done ?? 0;
  const failed = unanswered(totals);
  const told = [failed < done && say.same(totals.same), failed < done && say.different(totals.different), failed > 0 && say.unanswered(failed)].filter(Boolean);
  return (
    <>
      {targetWords(replay.target)}: <Mark tone={replay.state === "done" && failed > 0 ? "wrong" : TONE[replay.state]}>{say.states[replay.state].toLowerCase()}</Mark>
      {replay.state === "dry" ? <>. {say.nothingSent}</> : <>, {done === 0 ? (replay.settled ? say.none : say.noneYet) : told.join(", ")}.</>}
    </>
  );
}

function Below({ replay }: { replay: Replay }) {
  const { totals } = replay;
  return (
    <span className="flex flex-wrap gap-x-3">
      {replay.run_id && (
        <Link to="/runs/$runId" params={{ runId: replay.run_id }} className="hover:underline">
          {replay.task ? `${replay.task.ref} ${replay.task.title}` : say.ofRun}
        </Link>
      )}
      {replay.call_id && (
        <Link to="/calls/$callId" params={{ callId: replay.call_id }} className="hover:underline">
          {say.ofCall}
        </Link>
      )}
      {replay.state !== "dry" && <span>{say.progress(totals.by_state.done ?? 0, totals.calls)}</span>}
      {replay.cap_nano !== null && <span>{say.cap(formatMoney(replay.cap_nano))}</span>}
      {!replay.settled && replay.state !== "running" && <span className="text-wait">{say.settling}</span>}
      <Ago at={replay.created_at} />
      {totals.was_unpriced > 0 && <Money nano={null} unpriced={totals.was_unpriced} />}
    </span>
  );
}

function CancelButton({ replay }: { replay: Replay }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const allowed = useMay("operate");
  const cancel = useMutation({
    mutationFn: () => cancelReplay(replay.id),
    onSuccess: () => toast({ text: say.cancelled }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: replayKeys.all }),
  });
  if (!allowed) return null;
  return (
    <>
      <Button variant="danger" onClick={() => setAsking(true)} busy={cancel.isPending}>
        <Square size={11} aria-hidden="true" /> {say.cancel}
      </Button>
      <Confirm open={asking} onOpenChange={setAsking} title={say.cancelTitle} act={say.cancel} onAct={() => cancel.mutate()}>
        {say.cancelHelp}
      </Confirm>
    </>
  );
}
