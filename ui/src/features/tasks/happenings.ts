import type { Comment, Deliverable, Question, Review, Run, Signal, Task } from "@/api/types";
import type { Tone } from "@/components/chip";
import { reasonWords, states } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.page.events;

type Base = { id: string; at: string; tone: Tone };
/** Something that took place, or something that somebody said. */
export type Happening =
  | (Base & { kind: "event"; what: string; who?: string | undefined; text?: string | null; runId?: string })
  | (Base & { kind: "said"; comment: Comment })
  | (Base & { kind: "reviewed"; review: Review })
  | (Base & { kind: "noticed"; signal: Signal })
  | (Base & { kind: "asked"; question: Question; who: string });

export type Told = {
  task: Task;
  runs: Run[];
  comments?: Comment[];
  deliverables?: Deliverable[];
  reviews?: Review[];
  questions?: Question[];
  signals?: Signal[];
};

const END_TONE: Record<Run["state"], Tone> = { queued: "plain", running: "work", succeeded: "work", failed: "wrong", cancelled: "done", expired: "wrong" };
const VERDICT_TONE = { approve: "work", request_changes: "wait", reject: "wrong" } as const;

function ofRun(run: Run): Happening[] {
  const found: Happening[] = [{ kind: "event", id: `${run.id}-began`, at: run.started_at ?? run.created_at, tone: "work", what: say.began(run.attempt), who: run.agent.name, runId: run.id }];
  if (run.ended_at) {
    const text = [run.reason && reasonWords(run.reason), run.summary].filter(Boolean).join("\n\n");
    found.push({ kind: "event", id: `${run.id}-ended`, at: run.ended_at, tone: END_TONE[run.state], what: say.run(run.attempt, say.ended[run.state]), who: run.agent.name, text, runId: run.id });
  }
  return found;
}

/** All that is known to have happened to a task, newest first. Pure. */
export function happenings({ task, runs, comments = [], deliverables = [], reviews = [], questions = [], signals = [] }: Told): Happening[] {
  const agentOf = new Map(runs.map((run) => [run.agent.id, run.agent.name]));
  const found: Happening[] = [
    { kind: "event", id: "created", at: task.created_at, tone: "done", what: say.created, who: task.accountable.name },
    ...runs.flatMap(ofRun),
    ...comments.map((comment): Happening => ({ kind: "said", id: comment.id, at: comment.created_at, tone: "plain", comment })),
    ...questions.map((question): Happening => ({ kind: "asked", id: question.id, at: question.created_at, tone: "wait", question, who: agentOf.get(question.agent_id) ?? task.agent?.name ?? "" })),
    ...reviews.map((review): Happening => ({ kind: "reviewed", id: review.id, at: review.created_at, tone: VERDICT_TONE[review.verdict], review })),
    ...signals.map((signal): Happening => ({ kind: "noticed", id: signal.id, at: signal.noticed_at, tone: signal.state === "up" ? "wrong" : "done", signal })),
    ...deliverables.flatMap((deliverable) =>
      deliverable.versions.map((version): Happening => ({
        kind: "event",
        id: `${deliverable.id}-${version.number}`,
        at: version.created_at,
        tone: version.draft ? "plain" : "review",
        what: say.handedIn(deliverables.length > 1 ? deliverable.name : "", version.number, version.draft),
        who: version.author.name,
        text: version.note,
        runId: version.run_id,
      })),
    ),
  ];
  const moved = found.every((each) => Math.abs(Date.parse(each.at) - Date.parse(task.state_since)) > 2_000);
  if (moved) found.push({ kind: "event", id: "state", at: task.state_since, tone: "done", what: say.now(states[task.state]), text: task.note });
  return found.sort((a, b) => b.at.localeCompare(a.at));
}
