import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import type { TaskFilter } from "@/api/tasks";
import { taskListQuery } from "@/api/tasks";
import type { Task } from "@/api/types";
import { Chip, Dot } from "@/components/chip";
import type { Column } from "@/components/data-table";
import { Due, Money, Since } from "@/components/figures";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { StatusLine } from "@/components/status/status-line";
import { toneOf } from "@/components/status/status-words";
import { takerOf } from "@/components/takers";
import { VirtualTable } from "@/components/virtual-table";
import { PickBox } from "@/features/tasks/pick-box";
import { formatCount } from "@/lib/format";
import { calls } from "@/strings/calls";
import { priorities, states } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.list;

/** Every task as a row, newest first: two quiet lines each, or a table of all that is known. */
export function TaskList({ filter, table }: { filter: TaskFilter; table: boolean }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage, isFetchNextPageError } = useInfiniteQuery(taskListQuery(filter));
  const rows = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  if (error && !data) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonRows />;
  return (
    <VirtualTable
      label={tasks.board}
      columns={table ? TABLE : LIST}
      rowHeight={table ? 41 : 60}
      rows={rows}
      rowId={(task) => task.id}
      more={hasNextPage && !isFetchingNextPage}
      loadMore={() => void fetchNextPage()}
      failed={isFetchNextPageError ? error : undefined}
      footer={hasNextPage ? tasks.more : rows.length === 0 ? tasks.nothingMatches : calls.end}
    />
  );
}

type Columns = (Column<Task> & { width?: string })[];

const nothing = <span className="text-faint">–</span>;

const PICK: Columns[number] = { id: "pick", header: say.pick, headerHidden: true, width: "w-[46px] max-md:w-[40px]", cell: (task) => <PickBox task={task} className="align-middle" /> };

const COST: Columns[number] = {
  id: "cost",
  header: say.cost,
  width: "w-[112px]",
  align: "end",
  cell: (task) =>
    task.calls > 0 ? (
      <Link to="/calls" search={{ task: task.id }} className="inline-flex min-h-6 items-center hover:underline">
        <Money nano={task.cost_nano} unpriced={task.unpriced_calls} />
      </Link>
    ) : (
      nothing
    ),
};

const title = (task: Task) => (
  <Link to="/tasks/$taskId" params={{ taskId: task.id }} data-row-link dir="auto" className="font-[510] hover:underline">
    {task.title}
  </Link>
);

const priority = (task: Task) =>
  task.priority === "urgent" || task.priority === "high" ? (
    <Chip tone={task.priority === "urgent" ? "wrong" : "wait"}>{priorities[task.priority]}</Chip>
  ) : (
    <span className="text-faint">{priorities[task.priority]}</span>
  );

const LIST: Columns = [
  PICK,
  {
    id: "task",
    header: say.task,
    cell: (task) => (
      <span className="grid min-w-0 gap-0.5">
        <span className="flex min-w-0 items-center gap-2">
          <span className="num shrink-0 text-faint">{task.ref}</span>
          <span dir="auto" className="truncate">
            {title(task)}
          </span>
          {task.priority !== "normal" && task.priority !== "low" && priority(task)}
          {task.labels.slice(0, 3).map((label) => (
            <Chip key={label} className="max-md:hidden">
              {label}
            </Chip>
          ))}
        </span>
        <span className="flex min-w-0 items-center gap-2 text-s text-muted">
          <Dot tone={task.state === "in_review" ? "review" : toneOf(task.status.state)} />
          <span className="shrink-0">{states[task.state]}</span>
          {takerOf(task) && <span className="max-w-[200px] shrink-0 truncate max-md:hidden">{takerOf(task)}</span>}
          {(task.run ?? task.status.waits_for) && <StatusLine status={task.status} dot={false} />}
        </span>
      </span>
    ),
  },
  { id: "since", header: say.since, width: "w-[84px]", align: "end", from: "md", cell: (task) => <Since at={task.state_since} className="text-muted" /> },
  COST,
];

const TABLE: Columns = [
  PICK,
  {
    id: "task",
    header: say.task,
    cell: (task) => (
      <>
        <span className="num mr-2 text-faint">{task.ref}</span>
        {title(task)}
      </>
    ),
  },
  {
    id: "state",
    header: say.state,
    width: "w-[128px]",
    cell: (task) => (
      <span className="inline-flex items-center gap-2">
        <Dot tone={task.state === "in_review" ? "review" : toneOf(task.status.state)} />
        {states[task.state]}
      </span>
    ),
  },
  { id: "agent", header: say.agent, width: "w-[130px]", from: "md", cell: (task) => takerOf(task) ?? <span className="text-faint">{tasks.nobody}</span> },
  { id: "project", header: say.project, width: "w-[120px]", from: "lg", cell: (task) => task.project?.name ?? nothing },
  { id: "priority", header: say.priority, width: "w-[92px]", from: "lg", cell: priority },
  { id: "due", header: say.due, width: "w-[104px]", from: "lg", cell: (task) => (task.due_at ? <Due at={task.due_at} /> : nothing) },
  { id: "since", header: say.since, width: "w-[84px]", align: "end", from: "md", cell: (task) => <Since at={task.state_since} className="text-muted" /> },
  { id: "calls", header: say.calls, width: "w-[72px]", align: "end", from: "lg", cell: (task) => formatCount(task.calls) },
  COST,
];
