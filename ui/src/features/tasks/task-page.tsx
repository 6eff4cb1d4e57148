import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { deliverablesQuery } from "@/api/deliverables";
import { taskQuery } from "@/api/tasks";
import type { Task } from "@/api/types";
import { buttonClass } from "@/components/button";
import { Chip, Dot, toneText } from "@/components/chip";
import { Facts } from "@/components/facts";
import { Ago, Due, Since } from "@/components/figures";
import { LatestCalls } from "@/components/latest-calls";
import { Markdown } from "@/components/markdown";
import { Page, Section } from "@/components/page";
import { RunsTable } from "@/components/runs-table";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { StatusLine } from "@/components/status/status-line";
import { toneOf } from "@/components/status/status-words";
import type { Picked } from "@/components/version/drafts";
import { Drafts } from "@/components/version/drafts";
import { Acceptance } from "@/features/tasks/acceptance";
import { AddWait } from "@/features/tasks/add-wait";
import { isClosed } from "@/features/tasks/is-closed";
import { LATEST } from "@/features/tasks/queries";
import { Subtasks } from "@/features/tasks/subtasks";
import { TaskActions } from "@/features/tasks/task-actions";
import { TaskBudget } from "@/features/tasks/task-budget";
import { TaskCost } from "@/features/tasks/task-cost";
import { TaskFiles } from "@/features/tasks/task-files";
import { TaskHold } from "@/features/tasks/task-hold";
import { TaskTimeline } from "@/features/tasks/task-timeline";
import { TaskWatchers } from "@/features/tasks/task-watchers";
import { useTaskParts } from "@/features/tasks/use-task-parts";
import { WaitGraph } from "@/features/tasks/wait-graph";
import { cx } from "@/lib/cx";
import { formatClock } from "@/lib/format";
import { useListKeys } from "@/lib/list-keys";
import { priorities, states } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.page;

export function TaskPage({ taskId }: { taskId: string }) {
  const { data: task } = useSuspenseQuery(taskQuery(taskId));
  const ready = useTaskParts(task);
  useListKeys();
  return (
    <Page
      title={`${task.ref} ${task.title}`}
      above={
        <>
          <Link to="/board" className="hover:underline">
            {tasks.board}
          </Link>{" "}
          /{" "}
          {task.parent && (
            <>
              <Link to="/tasks/$taskId" params={{ taskId: task.parent.id }} title={task.parent.title} className="hover:underline">
                {task.parent.ref}
              </Link>{" "}
              /{" "}
            </>
          )}
          {task.ref}
        </>
      }
      answer={task.title}
      below={<Standing task={task} />}
      actions={<TaskActions task={task} />}
    >
      {ready ? <Parts task={task} /> : <SkeletonRows />}
    </Page>
  );
}

function Parts({ task }: { task: Task }) {
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-6 lg:grid-cols-[minmax(0,1fr)_340px]">
      <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-6">
        <TaskHold task={task} />
        {task.note && (
          <div className="card border-l-[3px] border-l-wait px-4 py-3">
            <p className="text-s text-muted">{say.note}</p>
            <Markdown text={task.note} />
          </div>
        )}
        {task.brief && (
          <Section title={say.brief}>
            <div className="card px-4 py-3.5">
              <Markdown text={task.brief} />
            </div>
          </Section>
        )}
        <TaskFiles key={task.id} taskId={task.id} />
        <TaskDrafts task={task} />
        <TaskTimeline task={task} />
        <Section title={say.runs}>
          <RunsTable filter={{ task_id: task.id }} of="task" empty={say.noRuns} />
        </Section>
      </div>
      <aside className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-5">
        <Section title={say.acceptance} aside={task.acceptance.length > 0 && say.criteria(task.acceptance.filter((each) => each.met).length, task.acceptance.length)}>
          <Acceptance task={task} />
        </Section>
        <Section title={say.cost} aside={<TaskBudget task={task} />}>
          <TaskCost task={task} />
        </Section>
        <Subtasks task={task} />
        <Section title={say.waiting} aside={<AddWait task={task} />}>
          <WaitGraph task={task} />
        </Section>
        <Section
          title={say.evidence}
          aside={
            <Link to="/calls" search={{ task: task.id }} className="text-accent hover:underline">
              {say.allCalls}
            </Link>
          }
        >
          <LatestCalls filter={{ task_id: task.id }} limit={LATEST} narrow />
        </Section>
        <TaskWatchers task={task} />
        <Section title={say.facts}>
          <div className="card p-4">
            <Facts facts={facts(task)} />
          </div>
        </Section>
      </aside>
    </div>
  );
}

function TaskDrafts({ task }: { task: Task }) {
  const { data, error, refetch } = useQuery(deliverablesQuery(task.id));
  const [picked, setPicked] = useState<Picked>({});
  return (
    <Section
      title={say.draft}
      aside={
        (task.state === "in_review" || (task.state === "in_progress" && data?.some(({ versions }) => versions[0]?.draft))) && (
          <Link to="/reviews/$taskId" params={{ taskId: task.id }} className={buttonClass(task.state === "in_review" ? "primary" : "plain", "s")}>
            {task.state === "in_review" ? say.review : say.reviewDraft}
          </Link>
        )
      }
    >
      {data ? <Drafts deliverables={data} picked={picked} onPick={setPicked} /> : error ? <ProblemNote error={error} retry={() => void refetch()} /> : <SkeletonRows rows={2} />}
    </Section>
  );
}

/** "In progress for 38 min · research streaming gpt-4o · 12 s". */
function Standing({ task }: { task: Task }) {
  const tone = task.state === "in_review" ? "review" : toneOf(task.status.state);
  return (
    <p className="flex flex-wrap items-center gap-x-3">
      <Dot tone={tone} />
      <span className={cx("font-[560]", tone !== "idle" && toneText[tone])}>{states[task.state]}</span>
      <span>
        {say.for} <Since at={task.state_since} />
      </span>
      {task.run && (
        <span>
          <Link to="/agents/$agentId" params={{ agentId: task.run.agent_id }} className="text-ink hover:underline">
            {task.run.agent_name}
          </Link>
        </span>
      )}
      {!isClosed(task) && (task.run ?? task.status.waits_for) && (
        <span className="flex gap-1">
          <StatusLine status={task.status} wrap dot={false} />
        </span>
      )}
      {task.due_at && task.state !== "done" && (
        <span>
          {tasks.due} <Due at={task.due_at} />
        </span>
      )}
    </p>
  );
}

/** What the task belongs to, as a way to all that belongs there. */
function BoardLink({ search, name }: { search: { project: string } | { goal: string }; name: string }) {
  return (
    <Link to="/board" search={search} className="hover:underline">
      {name}
    </Link>
  );
}

const facts = (task: Task) => [
  {
    label: say.agent,
    value: task.agent ? (
      <Link to="/agents/$agentId" params={{ agentId: task.agent.id }} className="hover:underline">
        {task.agent.name}
      </Link>
    ) : task.squad ? (
      say.anyOf(task.squad.name)
    ) : (
      <span className="text-faint">{say.unassign}</span>
    ),
  },
  { label: say.accountable, value: task.accountable.name },
  { label: say.priority, value: priorities[task.priority] },
  ...(task.project ? [{ label: say.project, value: <BoardLink search={{ project: task.project.id }} name={task.project.name} /> }] : []),
  ...(task.goal ? [{ label: say.goal, value: <BoardLink search={{ goal: task.goal.id }} name={task.goal.name} /> }] : []),
  ...(task.due_at ? [{ label: say.due, value: <Due at={task.due_at} /> }] : []),
  ...(task.labels.length > 0
    ? [
        {
          label: say.labels,
          value: (
            <span className="flex flex-wrap gap-1">
              {task.labels.map((label) => (
                <Chip key={label}>{label}</Chip>
              ))}
            </span>
          ),
        },
      ]
    : []),
  ...(task.run?.lease_expires_at ? [{ label: say.lease, value: formatClock(task.run.lease_expires_at) }] : []),
  { label: say.created, value: <Ago at={task.created_at} /> },
];
