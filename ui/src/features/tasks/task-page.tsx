import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight, Pencil, UserRound } from "lucide-react";
import { useState } from "react";

import { agentsQuery } from "@/api/agents";
import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { runsQuery } from "@/api/runs";
import { assignTask, changeTask, taskKeys, taskQuery } from "@/api/tasks";
import type { Task } from "@/api/types";
import { Button } from "@/components/button";
import { Chip, Dot, toneText } from "@/components/chip";
import { Facts } from "@/components/facts";
import { Ago, Due, Money, Since } from "@/components/figures";
import { LatestCalls } from "@/components/latest-calls";
import { Markdown } from "@/components/markdown";
import { Menu, MenuItem, MenuLine } from "@/components/menu";
import { Page, Section } from "@/components/page";
import { RunsTable } from "@/components/runs-table";
import { toast } from "@/components/toast";
import { useConfirmedMove } from "@/features/tasks/confirm-move";
import { WaitChip, workerSays } from "@/features/tasks/task-card";
import { EditTaskDialog } from "@/features/tasks/task-dialogs";
import { happenings, Timeline } from "@/features/tasks/task-timeline";
import { cx } from "@/lib/cx";
import { formatClock } from "@/lib/format";
import { useListKeys } from "@/lib/list-keys";
import { priorities, states, words } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.page;

export function TaskPage({ taskId }: { taskId: string }) {
  const { data: task } = useSuspenseQuery(taskQuery(taskId));
  const { data: runs } = useQuery(runsQuery({ task_id: taskId }));
  useListKeys();
  return (
    <Page
      title={`${task.ref} ${task.title}`}
      above={
        <>
          <Link to="/board" className="hover:underline">
            {tasks.board}
          </Link>{" "}
          / {task.ref}
        </>
      }
      answer={task.title}
      below={<Standing task={task} />}
      actions={<TaskActions task={task} />}
    >
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6 lg:grid-cols-[minmax(0,1fr)_320px]">
        <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-6">
          {task.note && (
            <div className="card border-l-[3px] border-l-wait px-4 py-3">
              <p className="text-s text-muted">{say.note}</p>
              <Markdown text={task.note} />
            </div>
          )}
          <Section title={say.brief}>
            <div className="card px-4 py-3.5">{task.brief ? <Markdown text={task.brief} /> : <p className="text-faint">{say.noBrief}</p>}</div>
          </Section>
          <Section title={say.runs}>
            <RunsTable filter={{ task_id: task.id }} of="task" empty={say.noRuns} />
          </Section>
          <Section
            title={say.calls}
            aside={
              <Link to="/calls" search={{ task: task.id }} className="text-accent hover:underline">
                {say.allCalls}
              </Link>
            }
          >
            <LatestCalls filter={{ task_id: task.id }} />
          </Section>
          <Section title={say.timeline}>
            <Timeline items={happenings(task, runs?.items ?? [])} />
          </Section>
        </div>
        <aside className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-5">
          <Section title={say.acceptance}>
            <Acceptance task={task} />
          </Section>
          <Section title={say.cost}>
            <Link to="/calls" search={{ task: task.id }} className="card block px-4 py-3 hover:border-line-strong">
              <span className="num text-figure font-[560]">
                {task.calls > 0 ? <Money nano={task.cost_nano} unpriced={task.unpriced_calls} /> : <span className="text-faint">–</span>}
              </span>{" "}
              <span className="text-s text-muted">{say.from(words.calls(task.calls))}</span>
            </Link>
          </Section>
          <Section title={say.facts}>
            <div className="card p-4">
              <Facts facts={facts(task)} />
            </div>
          </Section>
        </aside>
      </div>
    </Page>
  );
}

/** "In progress for 38 min · research works on it, run 2." */
function Standing({ task }: { task: Task }) {
  const { tone, verb } = workerSays(task);
  return (
    <p className="flex flex-wrap items-center gap-x-2">
      <Dot tone={tone} />
      <span className={cx("font-[560]", tone !== "idle" && toneText[tone])}>{states[task.state]}</span>
      <span>
        {say.for} <Since at={task.state_since} />
      </span>
      {task.run ? (
        <span>
          ·{" "}
          <Link to="/agents/$agentId" params={{ agentId: task.run.agent_id }} className="text-ink hover:underline">
            {task.run.agent_name}
          </Link>{" "}
          {say.worksOn(task.run.attempt)}
        </span>
      ) : (
        (verb || task.state === "in_review") && <span>· {verb ?? tasks.waitsForReview(task.accountable.name)}</span>
      )}
      <WaitChip task={task} />
      {task.due_at && task.state !== "done" && (
        <span>
          · {tasks.due} <Due at={task.due_at} />
        </span>
      )}
    </p>
  );
}

function TaskActions({ task }: { task: Task }) {
  const { move, confirm } = useConfirmedMove();
  const [editing, setEditing] = useState(false);
  const allowed = useMay("work");
  if (!allowed) return null;
  return (
    <>
      {task.allowed_moves.length > 0 && (
        <Menu
          label={tasks.moveTo}
          trigger={
            <Button>
              <ArrowRight size={13} aria-hidden="true" /> {say.move}
            </Button>
          }
        >
          {task.allowed_moves.map((to) => (
            <MenuItem key={to} danger={to === "cancelled"} onSelect={() => move(task, to)}>
              {states[to]}
            </MenuItem>
          ))}
        </Menu>
      )}
      <AssignMenu task={task} />
      <Button onClick={() => setEditing(true)}>
        <Pencil size={13} aria-hidden="true" /> {say.edit}
      </Button>
      {confirm}
      <EditTaskDialog task={task} open={editing} onOpenChange={setEditing} />
    </>
  );
}

function AssignMenu({ task }: { task: Task }) {
  const client = useQueryClient();
  const { data: agents } = useQuery(agentsQuery);
  const assign = useMutation({
    mutationFn: (agentId: string | null) => assignTask(task, agentId),
    onSuccess: (answer) => {
      client.setQueryData(taskKeys.one(answer.id), answer);
      toast({ text: answer.agent ? say.assigned(answer.ref, answer.agent.name) : say.unassigned(answer.ref) });
    },
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: taskKeys.all }),
  });
  if (task.state === "done" || task.state === "cancelled") return null;
  return (
    <Menu
      trigger={
        <Button>
          <UserRound size={13} aria-hidden="true" /> {say.assign}
        </Button>
      }
    >
      {(agents?.items ?? [])
        .filter((agent) => agent.desired !== "retired" && agent.id !== task.agent?.id)
        .map((agent) => (
          <MenuItem key={agent.id} onSelect={() => assign.mutate(agent.id)}>
            {agent.name}
          </MenuItem>
        ))}
      {task.agent && (
        <>
          <MenuLine />
          <MenuItem onSelect={() => assign.mutate(null)}>{say.unassign}</MenuItem>
        </>
      )}
    </Menu>
  );
}

function Acceptance({ task }: { task: Task }) {
  const allowed = useMay("work");
  const client = useQueryClient();
  const tick = useMutation({
    mutationFn: (at: number) => changeTask(task, { acceptance: task.acceptance.map((each, index) => (index === at ? { ...each, met: !each.met } : each)) }),
    onSuccess: (answer) => client.setQueryData(taskKeys.one(answer.id), answer),
    onError: (error) => {
      toast({ text: asProblem(error).message, tone: "wrong" });
      void client.invalidateQueries({ queryKey: taskKeys.one(task.id) });
    },
  });
  if (task.acceptance.length === 0) return <p className="card px-4 py-3 text-faint">{say.noAcceptance}</p>;
  return (
    <ul className="card grid gap-2 px-4 py-3">
      {task.acceptance.map((each, at) => (
        <li key={`${at}-${each.text}`}>
          <label className="flex items-start gap-2.5">
            <input type="checkbox" checked={each.met} onChange={() => tick.mutate(at)} disabled={tick.isPending || !allowed} className="mt-[3px] size-[15px] shrink-0 accent-(--work)" />
            <span className={cx("min-w-0 break-words", !each.met && "text-muted")}>{each.text}</span>
          </label>
        </li>
      ))}
    </ul>
  );
}

const facts = (task: Task) => [
  {
    label: say.agent,
    value: task.agent ? (
      <Link to="/agents/$agentId" params={{ agentId: task.agent.id }} className="hover:underline">
        {task.agent.name}
      </Link>
    ) : (
      <span className="text-faint">{say.unassign}</span>
    ),
  },
  { label: say.accountable, value: task.accountable.name },
  { label: say.priority, value: priorities[task.priority] },
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
