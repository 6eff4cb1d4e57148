import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { SmilePlus } from "lucide-react";
import { useState } from "react";

import { commentKeys, commentsQuery, reactToComment } from "@/api/comments";
import { deliverablesQuery } from "@/api/deliverables";
import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { questionsQuery } from "@/api/questions";
import { reviewsQuery } from "@/api/reviews";
import { runsQuery } from "@/api/runs";
import { sessionQuery } from "@/api/session";
import { signalsQuery } from "@/api/signals";
import type { Comment, Question, Task } from "@/api/types";
import { Avatar } from "@/components/avatar";
import { Chip, Dot } from "@/components/chip";
import { Composer } from "@/components/composer/composer";
import { Ago } from "@/components/figures";
import { Markdown } from "@/components/markdown";
import { Menu, MenuItem } from "@/components/menu";
import { Section } from "@/components/page";
import { QuestionAnswer } from "@/components/question-answer";
import { ReviewSays } from "@/components/review-says";
import { Segmented } from "@/components/segmented";
import { SignalCalls, signalTitle } from "@/components/signal-acts";
import { ProblemNote } from "@/components/states";
import { toast } from "@/components/toast";
import type { Happening } from "@/features/tasks/happenings";
import { happenings } from "@/features/tasks/happenings";
import { useTalk } from "@/features/tasks/use-talk";
import { questions as questionWords } from "@/strings/questions";
import { signals as signalWords } from "@/strings/signals";
import { talk } from "@/strings/talk";
import { tasks } from "@/strings/tasks";

const say = tasks.page;
const EMOJI = ["👍", "✅", "👀", "❤️", "🎉", "🤔"];

/** Talk, runs, versions, reviews and questions in one line of time, with a place to say something. */
export function TaskTimeline({ task }: { task: Task }) {
  const [shows, setShows] = useState<"all" | "talk">("all");
  const runs = useQuery(runsQuery({ task_id: task.id }));
  const comments = useQuery(commentsQuery(task.id));
  const deliverables = useQuery(deliverablesQuery(task.id));
  const reviews = useQuery(reviewsQuery(task.id));
  const signals = useQuery(signalsQuery({ task_id: task.id }));
  const questions = useQuery(questionsQuery(task.id));
  const parts = [runs, comments, deliverables, reviews, signals, questions];
  const failed = parts.filter((part) => part.isError && part.data === undefined);
  const whole = parts.every((part) => part.data !== undefined);
  const allowed = useMay("review");
  const { write, sending } = useTalk(task.id, comments.data);
  const told = happenings({ task, runs: runs.data?.items ?? [], comments: comments.data ?? [], deliverables: deliverables.data ?? [], reviews: reviews.data?.items ?? [], questions: questions.data ?? [], signals: signals.data ?? [] });
  const shown = shows === "all" ? told : told.filter((each) => each.kind === "said" || each.kind === "asked");
  return (
    <Section
      title={say.timeline}
      aside={
        <Segmented
          label={say.timelineShows.label}
          value={shows}
          onChange={setShows}
          options={[
            { value: "all", label: say.timelineShows.all },
            { value: "talk", label: say.timelineShows.talk },
          ]}
        />
      }
    >
      {allowed && (
        <div className="mb-4">
          <Composer
            label={talk.comment}
            placeholder={talk.placeholder}
            act={talk.send}
            shownElsewhere
            onSend={write}
          />
        </div>
      )}
      {failed[0] && (
        <div className="mb-4">
          <ProblemNote error={failed[0].error} retry={() => failed.forEach((part) => void part.refetch())} />
        </div>
      )}
      {whole && shown.length + sending.length === 0 && <p className="text-faint">{say.nothingSaid}</p>}
      <ol className="grid">
        {sending.map((body, at) => (
          <li key={`${at}-${body}`} className={ENTRY}>
            <Sending body={body} />
          </li>
        ))}
        {shown.map((item) => (
          <li key={item.id} className={ENTRY}>
            <Item item={item} />
          </li>
        ))}
      </ol>
    </Section>
  );
}

const ENTRY =
  "relative grid grid-cols-[20px_minmax(0,1fr)] gap-2.5 pb-4 before:absolute before:top-6 before:bottom-0 before:left-[9.5px] before:w-px before:bg-line last:pb-0 last:before:hidden";

/** A comment on its way: as it will stand, so that what was said is never out of sight. */
function Sending({ body }: { body: string }) {
  const { data: session } = useQuery(sessionQuery);
  const name = session?.member.name ?? "";
  return (
    <>
      <Avatar name={name} />
      <article aria-label={`${name}: ${talk.comment}`} aria-busy className="card min-w-0 px-3.5 py-2.5">
        <p className="mb-1 flex flex-wrap items-baseline gap-x-2">
          <b>{name}</b>
          <span className="text-s text-faint">{talk.sending}</span>
        </p>
        <Markdown text={body} />
      </article>
    </>
  );
}

function Item({ item }: { item: Happening }) {
  if (item.kind === "said") return <Said comment={item.comment} />;
  if (item.kind === "reviewed") return <Reviewed item={item} />;
  if (item.kind === "noticed") return <Noticed item={item} />;
  if (item.kind === "asked") return <Asked question={item.question} who={item.who} />;
  return (
    <>
      <Dot tone={item.tone} className="mt-1.5 ml-1.5" />
      <div className="min-w-0">
        <p>
          {item.runId ? (
            <Link to="/runs/$runId" params={{ runId: item.runId }} className="font-[560] hover:underline">
              {item.what}
            </Link>
          ) : (
            <b>{item.what}</b>
          )}{" "}
          {item.who && <span className="text-muted">{item.who}</span>} <Ago at={item.at} className="text-s text-faint" />
        </p>
        {item.text && (
          <div className="mt-1 text-muted">
            <Markdown text={item.text} />
          </div>
        )}
      </div>
    </>
  );
}

function Noticed({ item: { signal, tone } }: { item: Extract<Happening, { kind: "noticed" }> }) {
  const told = [signal.state !== "up" && (signal.state === "over" ? signalWords.over : signalWords.dismissed), signalWords.did[signal.response]].filter(Boolean).join(" · ");
  return (
    <>
      <Dot tone={tone} className="mt-1.5 ml-1.5" />
      <div className="min-w-0">
        <p>
          <b>{signalTitle(signal)}</b> <Ago at={signal.noticed_at} className="text-s text-faint" /> {told && <span className="text-s text-faint">{told}</span>}
        </p>
        <p className="text-muted">{signal.words}</p>
        <div className="mt-1.5 flex flex-wrap gap-1.5">
          <SignalCalls signal={signal} />
        </div>
      </div>
    </>
  );
}

function Reviewed({ item: { review, tone } }: { item: Extract<Happening, { kind: "reviewed" }> }) {
  return (
    <>
      <Dot tone={tone} className="mt-1.5 ml-1.5" />
      <div className="min-w-0">
        <p>
          <b>{say.events.verdict[review.verdict](review.version)}</b> <span className="text-muted">{review.reviewer.name}</span> <Ago at={review.created_at} className="text-s text-faint" />
        </p>
        <div className="mt-1 text-muted">
          <ReviewSays review={review} />
        </div>
      </div>
    </>
  );
}

function Said({ comment }: { comment: Comment }) {
  const place = [comment.version !== null && talk.onVersion(comment.version), comment.line_from !== null && talk.onLine(comment.line_from)].filter(Boolean).join(", ");
  return (
    <>
      <Avatar name={comment.author.name} agent={comment.author.is_agent} />
      <article aria-label={`${comment.author.name}: ${talk.comment}`} className="card min-w-0 px-3.5 py-2.5">
        <p className="mb-1 flex flex-wrap items-baseline gap-x-2">
          <b>{comment.author.name}</b>
          <Ago at={comment.created_at} className="text-s text-faint" />
          {place && <span className="text-s text-faint">{place}</span>}
        </p>
        <Markdown text={comment.body} />
        {comment.held && (
          <p className="mt-1.5">
            <Chip tone="wait" className="whitespace-normal">
              {talk.held}
            </Chip>
          </p>
        )}
        <Reactions comment={comment} />
      </article>
    </>
  );
}

function Reactions({ comment }: { comment: Comment }) {
  const client = useQueryClient();
  const allowed = useMay("review");
  const react = useMutation({
    mutationFn: (emoji: string) => reactToComment(comment.id, emoji),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: commentKeys.of(comment.task_id) }),
  });
  const given = Object.entries(comment.reactions).filter(([, count]) => count > 0);
  if (!allowed && given.length === 0) return null;
  return (
    <div className="mt-1.5 -mb-0.5 flex flex-wrap items-center gap-1">
      {given.map(([emoji, count]) => (
        <button
          key={emoji}
          type="button"
          disabled={!allowed}
          aria-label={talk.reactWith(emoji, count)}
          onClick={() => react.mutate(emoji)}
          className="num inline-flex h-6 items-center pointer-coarse:h-9 gap-1 rounded-full border border-line px-2 text-xs text-muted hover:border-line-strong"
        >
          {emoji} {count}
        </button>
      ))}
      {allowed && (
        <Menu
          align="start"
          trigger={
            <button type="button" aria-label={talk.react} className="grid size-6 place-items-center rounded-full pointer-coarse:size-10 text-faint hover:bg-sunken hover:text-ink">
              <SmilePlus size={14} aria-hidden="true" />
            </button>
          }
        >
          <div className="flex">
            {EMOJI.map((emoji) => (
              <MenuItem key={emoji} onSelect={() => react.mutate(emoji)}>
                {emoji}
              </MenuItem>
            ))}
          </div>
        </Menu>
      )}
    </div>
  );
}

function Asked({ question, who }: { question: Question; who: string }) {
  return (
    <>
      <Avatar name={who} agent />
      <article aria-label={`${who} ${questionWords.asks}`} className="card min-w-0 border-l-[3px] border-l-wait px-3.5 py-2.5">
        <p className="mb-1 flex flex-wrap items-baseline gap-x-2">
          <b>
            {who} {questionWords.asks}
          </b>
          <Ago at={question.created_at} className="text-s text-faint" />
          <span className="text-s text-faint">{questionWords.state[question.state]}</span>
        </p>
        <Markdown text={question.text} />
        {question.answer && (
          <div className="mt-2 border-l-2 border-line-strong pl-3 text-muted">
            <Markdown text={question.answer} />
          </div>
        )}
        {question.state === "open" && (
          <div className="mt-2.5">
            <QuestionAnswer question={question} />
          </div>
        )}
      </article>
    </>
  );
}
