import { Check, Circle } from "lucide-react";

import type { SharedTask as Task } from "@/api/types";
import { Chip, Dot } from "@/components/chip";
import { CodeBlock } from "@/components/code-block";
import { CostSplit } from "@/components/cost-split";
import { Ago, Money, Since } from "@/components/figures";
import { Markdown } from "@/components/markdown";
import { Page, Section } from "@/components/page";
import { states, words } from "@/strings/common";
import { deliverables } from "@/strings/deliverables";
import { shares } from "@/strings/shares";
import { tasks } from "@/strings/tasks";

const say = shares.page;

/** A task as somebody without an account may read it. */
export function SharedTask({ task, note }: { task: Task; note: React.ReactNode }) {
  const total = Object.values(task.classes).reduce((sum, nano) => sum + nano, 0);
  return (
    <Page
      title={`${task.ref} ${task.title}`}
      above={note}
      answer={task.title}
      below={
        <span className="flex flex-wrap items-center gap-x-3 text-s">
          <span className="flex items-center gap-2">
            <Dot tone={task.state === "in_review" ? "review" : task.state === "in_progress" ? "work" : task.state === "done" ? "done" : "plain"} />
            <span>
              {states[task.state]} {say.since} <Since at={task.state_since} />
            </span>
          </span>
          <span>{task.ref}</span>
          <span className="wrap-anywhere">{task.agent ?? (task.squad === null ? tasks.nobody : tasks.page.anyOf(task.squad))}</span>
          <span className="wrap-anywhere">{say.answers(task.accountable)}</span>
        </span>
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6 lg:grid-cols-[minmax(0,1fr)_300px]">
        <div className="grid min-w-0 content-start gap-6">
          {task.brief && (
            <Section title={say.brief}>
              <div className="card px-4 py-3">
                <Markdown text={task.brief} />
              </div>
            </Section>
          )}
          <Section title={say.handedIn}>
            {task.deliverables.length === 0 ? (
              <p className="card px-4 py-3 text-faint">{say.nothingYet}</p>
            ) : (
              <div className="grid gap-4">
                {task.deliverables.map((each) => (
                  <article key={each.name} aria-label={each.name} className="card min-w-0 overflow-hidden">
                    <p className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2.5">
                      <b className="min-w-0 font-[560] wrap-anywhere">{each.name}</b>
                      <Chip tone={each.draft ? "wait" : "review"}>{each.draft ? deliverables.draft(each.number) : deliverables.version(each.number)}</Chip>
                      <Ago at={each.created_at} className="text-s text-muted" />
                    </p>
                    <div className="px-4 py-3">
                      {each.text === null ? (
                        <p className="text-faint">{say.noText}</p>
                      ) : each.kind === "text" ? (
                        <Markdown text={each.text} />
                      ) : (
                        <CodeBlock code={each.text} label={each.name} wrap />
                      )}
                      {each.cut && <p className="mt-2 text-s text-wait">{say.cut}</p>}
                    </div>
                  </article>
                ))}
              </div>
            )}
          </Section>
        </div>
        <aside className="grid min-w-0 content-start gap-5">
          {task.acceptance.length > 0 && (
            <Section title={say.acceptance}>
              <ul className="card grid gap-2 px-4 py-3">
                {task.acceptance.map((each, at) => (
                  <li key={`${at}-${each.text}`} className="flex items-start gap-2">
                    {each.met ? <Check size={14} className="mt-1 shrink-0 text-work" aria-label={say.met} /> : <Circle size={14} className="mt-1 shrink-0 text-faint" aria-label={say.notMet} />}
                    <span className="min-w-0 break-words">{each.text}</span>
                  </li>
                ))}
              </ul>
            </Section>
          )}
          <Section title={say.cost}>
            <div className="card grid gap-2 px-4 py-3">
              <p>
                <Money nano={task.cost_nano} unpriced={task.unpriced_calls} className="text-l font-[560]" /> <span className="text-s text-muted">{words.calls(task.calls)}</span>
              </p>
              {total > 0 && <CostSplit classes={task.classes} total={total} stacked />}
            </div>
          </Section>
        </aside>
      </div>
    </Page>
  );
}
