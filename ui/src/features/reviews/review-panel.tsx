import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { commentsQuery } from "@/api/comments";
import { deliverablesQuery } from "@/api/deliverables";
import { useMay } from "@/api/may";
import { reviewsQuery } from "@/api/reviews";
import { runsQuery } from "@/api/runs";
import { taskQuery } from "@/api/tasks";
import type { Review, Task } from "@/api/types";
import { Ago, Money, Since } from "@/components/figures";
import { LatestCalls } from "@/components/latest-calls";
import { Markdown } from "@/components/markdown";
import { Section } from "@/components/page";
import { ReviewSays } from "@/components/review-says";
import { firstAsked, ProblemNote, SkeletonRows } from "@/components/states";
import type { Picked } from "@/components/version/drafts";
import { Drafts, standing } from "@/components/version/drafts";
import { useLineNotes } from "@/features/reviews/line-notes";
import type { Draft } from "@/features/reviews/review-draft";
import { useReviewDraft, withMet } from "@/features/reviews/review-draft";
import { VerdictBar } from "@/features/reviews/verdict-bar";
import { words } from "@/strings/common";
import { reviews as say } from "@/strings/reviews";
import { tasks } from "@/strings/tasks";

/** One version to be judged: what changed, what it cost, what was asked for, and the verdict. */
export function ReviewPanel({ taskId, onDone }: { taskId: string; onDone: () => void }) {
  const { data: task, error, refetch } = useQuery(taskQuery(taskId));
  if (error && !task) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!task) return <SkeletonRows />;
  return <Judged task={task} onDone={onDone} />;
}

function Judged({ task, onDone }: { task: Task; onDone: () => void }) {
  const asked = [useQuery(deliverablesQuery(task.id)), useQuery(commentsQuery(task.id)), useQuery(reviewsQuery(task.id)), useQuery(runsQuery({ task_id: task.id }))] as const;
  const [{ data: deliverables }, { data: comments }, { data: reviews }, { data: runs }] = asked;
  const missing = asked.filter((each) => each.error && !each.data);
  const [picked, setPicked] = useState<Picked>({});
  const [draft, setDraft] = useReviewDraft(task.id);
  const allowed = useMay("review");
  const shown = deliverables && standing(deliverables, picked);
  const said = shown ? (comments ?? []).filter((each) => each.deliverable_id === shown.deliverable.id && each.version === shown.version.number) : [];
  const notes = useLineNotes(draft, setDraft, said);
  const [last] = runs?.items ?? [];
  const inReview = task.state === "in_review";
  /** What is still worked on cannot be approved, but its worker can be told what to change. */
  const working = task.state === "in_progress" && shown?.version.draft === true && shown.version === shown.deliverable.versions[0];
  const open = inReview || working;
  // All of it at once: what comes later would push away what is being read.
  if (asked.some(firstAsked)) return <SkeletonRows rows={8} />;
  return (
    <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-6 xl:grid-cols-[minmax(0,1fr)_280px]">
      <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-4">
        <header>
          <h2 className="text-l font-semibold">{task.title}</h2>
          <p className="flex flex-wrap gap-x-2 text-muted">
            <Link to="/tasks/$taskId" params={{ taskId: task.id }} className="text-accent hover:underline">
              {task.ref}
            </Link>
            {last && <span>{(working ? say.workedOnBy : say.handedInBy)(last.agent.name)}</span>}
            <Since at={task.state_since} />
          </p>
        </header>
        {!inReview && deliverables && <p className="card border-l-[3px] border-l-wait px-4 py-3">{working ? say.working(last?.agent.name ?? words.nobody) : say.gone}</p>}
        {last?.summary && (
          <div className="card px-4 py-3">
            <p className="text-s text-muted">{say.summary(last.agent.name)}</p>
            <Markdown text={last.summary} />
          </div>
        )}
        {missing[0] && <ProblemNote error={missing[0].error} retry={() => missing.forEach((each) => void each.refetch())} />}
        {deliverables && <Drafts deliverables={deliverables} picked={picked} onPick={setPicked} {...(open && allowed ? { notes } : {})} />}
        {open && allowed && (
          <VerdictBar
            task={task}
            agent={last?.agent.name ?? words.nobody}
            draft={draft}
            setDraft={setDraft}
            version={shown && { deliverableId: shown.deliverable.id, number: shown.version.number }}
            missing={reviews?.missing ?? null}
            working={working}
            onDone={onDone}
          />
        )}
        {open && !allowed && <p className="text-muted">{say.mayNot}</p>}
      </div>
      <aside className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-5 max-xl:order-last">
        <Section title={tasks.page.acceptance}>
          <Criteria task={task} draft={draft} setDraft={setDraft} fixed={!inReview || !allowed} />
        </Section>
        <Section title={tasks.page.cost}>
          <dl className="card grid grid-cols-[minmax(0,1fr)_auto] gap-y-1 px-4 py-3">
            {shown && (
              <>
                <dt className="text-muted">{say.costOf}</dt>
                <dd>
                  <Link to="/calls" search={{ run: shown.version.run_id }} className="hover:underline">
                    <Money nano={shown.version.cost_nano} unpriced={shown.version.unpriced_calls} />
                  </Link>
                </dd>
              </>
            )}
            <dt className="text-muted">{say.taskCost}</dt>
            <dd>
              <Link to="/calls" search={{ task: task.id }} className="hover:underline">
                <Money nano={task.cost_nano} unpriced={task.unpriced_calls} />
              </Link>
            </dd>
          </dl>
        </Section>
        {shown && (
          <Section
            title={say.evidence}
            aside={
              <Link to="/runs/$runId" params={{ runId: shown.version.run_id }} className="text-accent hover:underline">
                {say.allCalls}
              </Link>
            }
          >
            <LatestCalls filter={{ run_id: shown.version.run_id }} limit={5} narrow />
          </Section>
        )}
        {reviews && reviews.items.length > 0 && (
          <Section title={say.before}>
            <Before reviews={reviews.items} />
          </Section>
        )}
        {task.brief && (
          <Section title={tasks.page.brief}>
            <div className="card px-4 py-3">
              <Markdown text={task.brief} />
            </div>
          </Section>
        )}
      </aside>
    </div>
  );
}

function Criteria({ task, draft, setDraft, fixed }: { task: Task; draft: Draft; setDraft: (draft: Draft) => void; fixed: boolean }) {
  if (task.acceptance.length === 0) return <p className="card px-4 py-3 text-faint">{tasks.page.noAcceptance}</p>;
  const met = draft.met ?? task.acceptance.flatMap((each, at) => (each.met ? [at] : []));
  return (
    <ul className="card grid gap-2 px-4 py-3">
      {task.acceptance.map((each, at) => (
        <li key={`${at}-${each.text}`}>
          <label className="flex items-start gap-2.5">
            <input type="checkbox" checked={met.includes(at)} disabled={fixed} onChange={() => setDraft(withMet(draft, met, at))} className="mt-[3px] size-[15px] shrink-0 accent-(--work)" />
            <span className="min-w-0 break-words">{each.text}</span>
          </label>
        </li>
      ))}
    </ul>
  );
}

function Before({ reviews }: { reviews: Review[] }) {
  return (
    <ul className="card divide-y divide-line">
      {reviews.map((review) => (
        <li key={review.id} className="px-4 py-2.5">
          <p className="text-s">
            <b>{review.reviewer.name}</b> <span className="text-muted">{tasks.page.events.verdict[review.verdict](review.version)}</span> <Ago at={review.created_at} className="text-faint" />
          </p>
          <div className="mt-1 text-muted">
            <ReviewSays review={review} />
          </div>
        </li>
      ))}
    </ul>
  );
}
