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
import { toneOf } from "@/components/status/status-words";
import { VirtualTable } from "@/components/virtual-table";
import { calls } from "@/strings/calls";
import { priorities, states } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.list;

/** Every task as a row, newest first. */
export function TaskList({ filter }: { filter: TaskFilter }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(taskListQuery(filter));
  const rows = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  if (error && !data) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonRows />;
  return (
    <VirtualTable
      label={tasks.board}
      columns={COLUMNS}
      rows={rows}
      rowId={(task) => task.id}
      more={hasNextPage && !isFetchingNextPage}
      loadMore={() => void fetchNextPage()}
      footer={hasNextPage ? tasks.more : rows.length === 0 ? tasks.nothingMatches : calls.end}
    />
  );
}

const COLUMNS: (Column<Task> & { width?: string })[] = [
  {
    id: "task",
    header: say.task,
    cell: (task) => (
      <>
        <span className="num mr-2 text-faint">{task.ref}</span>
        <Link to="/tasks/$taskId" params={{ taskId: task.id }} data-row-link className="font-[510] hover:underline">
          {task.title}
        </Link>
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
  { id: "agent", header: say.agent, width: "w-[150px]", from: "md", cell: (task) => task.run?.agent_name ?? task.agent?.name ?? <span className="text-faint">{tasks.nobody}</span> },
  { id: "since", header: say.since, width: "w-[84px]", align: "end", from: "md", cell: (task) => <Since at={task.state_since} className="text-muted" /> },
  {
    id: "priority",
    header: say.priority,
    width: "w-[96px]",
    from: "lg",
    cell: (task) =>
      task.priority === "urgent" || task.priority === "high" ? (
        <Chip tone={task.priority === "urgent" ? "wrong" : "wait"}>{priorities[task.priority]}</Chip>
      ) : (
        <span className="text-faint">{priorities[task.priority]}</span>
      ),
  },
  { id: "due", header: say.due, width: "w-[110px]", from: "lg", cell: (task) => (task.due_at ? <Due at={task.due_at} /> : <span className="text-faint">–</span>) },
  {
    id: "cost",
    header: say.cost,
    width: "w-[88px]",
    align: "end",
    cell: (task) => (task.calls > 0 ? <Money nano={task.cost_nano} unpriced={task.unpriced_calls} /> : <span className="text-faint">–</span>),
  },
];
