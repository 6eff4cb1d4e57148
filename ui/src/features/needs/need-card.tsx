import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { questionsQuery } from "@/api/questions";
import type { Need } from "@/api/types";
import { buttonClass } from "@/components/button";
import type { Tone } from "@/components/chip";
import { Dot } from "@/components/chip";
import { Since } from "@/components/figures";
import { Markdown } from "@/components/markdown";
import { QuestionAnswer } from "@/components/question-answer";
import { ProblemLine } from "@/components/states";
import { ApprovalNeed } from "@/features/needs/approval-need";
import { BudgetNeed } from "@/features/needs/budget-need";
import { LaterMenu } from "@/features/needs/later-menu";
import { MentionNeed } from "@/features/needs/mention-need";
import { ReviewNeed } from "@/features/needs/review-need";
import { SeenButton } from "@/features/needs/seen-button";
import { SignalNeed } from "@/features/needs/signal-need";
import { needs as say } from "@/strings/needs";

const TONE: Record<string, Tone> = { review: "review", question: "wait", approval: "wait", mention: "plain" };

/** One thing that waits for whoever looks, with what can be done about it in place. */
export function NeedCard({ need }: { need: Need }) {
  return (
    <li data-need={need.key} className="grid gap-1.5 px-4 py-3 has-[[data-row-link]:focus-visible]:bg-accent-soft">
      <p className="flex items-baseline gap-2">
        <Dot tone={TONE[need.kind] ?? "wrong"} className="relative -top-px" />
        <Title need={need} />
        <Since at={need.since} className="ml-auto shrink-0 text-s text-muted" />
      </p>
      {need.escalated && <p className="text-s text-wait">{say.escalated}</p>}
      <Body need={need} />
    </li>
  );
}

function Title({ need }: { need: Need }) {
  const text = need.kind === "question" ? <AskedBy need={need} /> : need.kind === "mention" && need.task ? say.mention(need.task.ref) : (need.task?.title ?? need.text);
  const className = "line-clamp-3 -my-0.5 min-w-0 py-0.5 font-[560] wrap-anywhere hover:underline";
  if (!need.task) return <b className="min-w-0">{text}</b>;
  return need.kind === "review" ? (
    <Link to="/reviews/$taskId" params={{ taskId: need.task.id }} data-row-link className={className}>
      {text}
    </Link>
  ) : (
    <Link to="/tasks/$taskId" params={{ taskId: need.task.id }} data-row-link className={className}>
      {text}
    </Link>
  );
}

/** The question's own text is below; its title says on what. */
function AskedBy({ need }: { need: Need }) {
  return <>{need.task ? `${need.task.ref} ${need.task.title}` : need.text}</>;
}

function Body({ need }: { need: Need }): ReactNode {
  switch (need.kind) {
    case "review":
      return <ReviewNeed need={need} later={<LaterMenu need={need} />} />;
    case "question":
      return <QuestionNeed need={need} />;
    case "approval":
      return <ApprovalNeed need={need} later={<LaterMenu need={need} />} />;
    case "signal":
      return <SignalNeed need={need} later={<LaterMenu need={need} />} />;
    case "budget":
      return <BudgetNeed need={need} later={<LaterMenu need={need} />} />;
    case "mention":
      return <MentionNeed need={need} later={<LaterMenu need={need} />} />;
    default:
      return <OtherNeed need={need} />;
  }
}

function QuestionNeed({ need }: { need: Need }) {
  const { data, error, refetch } = useQuery({ ...questionsQuery(need.task?.id ?? ""), enabled: need.task !== null });
  const question = data?.find((each) => each.id === need.subject_id);
  return (
    <>
      <div className="text-muted">
        <Markdown text={need.text} />
      </div>
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          {question && <QuestionAnswer question={question} />}
          {error && !data && <ProblemLine error={error} retry={() => void refetch()} />}
        </div>
        <LaterMenu need={need} />
      </div>
    </>
  );
}

/** A kind that this page has no act of its own for: said, and seen, put off or handed on. */
function OtherNeed({ need }: { need: Need }) {
  return (
    <>
      <div className="text-muted">
        <Markdown text={need.text} />
      </div>
      <div className="flex flex-wrap items-center gap-1.5">
        <SeenButton need={need} />
        {need.task && (
          <Link to="/tasks/$taskId" params={{ taskId: need.task.id }} className={buttonClass("quiet")}>
            {say.open}
          </Link>
        )}
        <LaterMenu need={need} />
      </div>
    </>
  );
}
