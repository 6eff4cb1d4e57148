import type { Run, Task } from "@/api/types";
import type { Tone } from "@/components/chip";
import { Dot } from "@/components/chip";
import { Ago } from "@/components/figures";
import { Markdown } from "@/components/markdown";
import { states } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.page.events;

export type Happening = { id: string; at: string; tone: Tone; what: string; who?: string; text?: string | null; markdown?: boolean };

const END_TONE: Record<Run["state"], Tone> = { queued: "plain", running: "work", succeeded: "work", failed: "wrong", cancelled: "done", expired: "wrong" };

/** What is known to have happened to a task, newest first. Pure. */
export function happenings(task: Task, runs: Run[]): Happening[] {
  const found: Happening[] = [{ id: "created", at: task.created_at, tone: "done", what: say.created, who: task.accountable.name }];
  for (const run of runs) {
    found.push({ id: `${run.id}-began`, at: run.started_at ?? run.created_at, tone: "work", what: say.began(run.attempt), who: run.agent.name });
    if (run.ended_at) {
      const text = [run.reason, run.summary].filter(Boolean).join("\n\n");
      found.push({ id: `${run.id}-ended`, at: run.ended_at, tone: END_TONE[run.state], what: say.run(run.attempt, say.ended[run.state]), who: run.agent.name, text, markdown: true });
    }
  }
  const moved = found.every((each) => Math.abs(Date.parse(each.at) - Date.parse(task.state_since)) > 2_000);
  if (moved) found.push({ id: "state", at: task.state_since, tone: "done", what: say.now(states[task.state]), text: task.note });
  return found.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

export function Timeline({ items }: { items: Happening[] }) {
  return (
    <ol className="grid">
      {items.map((item) => (
        <li
          key={item.id}
          className="relative grid grid-cols-[18px_minmax(0,1fr)] gap-2 pb-4 before:absolute before:top-4 before:bottom-0 before:left-[7px] before:w-px before:bg-line last:pb-0 last:before:hidden"
        >
          <Dot tone={item.tone} className="mt-1.5 ml-1" />
          <div className="min-w-0">
            <p>
              <b>{item.what}</b> {item.who && <span className="text-muted">{item.who}</span>} <Ago at={item.at} className="text-s text-faint" />
            </p>
            {item.text && <div className="mt-1 text-muted">{item.markdown ? <Markdown text={item.text} /> : item.text}</div>}
          </div>
        </li>
      ))}
    </ol>
  );
}
