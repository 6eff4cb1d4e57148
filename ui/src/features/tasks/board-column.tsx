import { useDraggable, useDroppable } from "@dnd-kit/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useMemo, useRef } from "react";

import { useMay } from "@/api/may";
import type { TaskFilter } from "@/api/tasks";
import { columnPage, taskKeys } from "@/api/tasks";
import type { Board, Task, TaskState } from "@/api/types";
import { followRow } from "@/components/data-table";
import { mayHold } from "@/features/tasks/board-moves";
import { TaskCard } from "@/features/tasks/task-card";
import { cx } from "@/lib/cx";
import { formatCount } from "@/lib/format";
import { useLater } from "@/lib/use-later";
import { states } from "@/strings/common";
import { tasks as say } from "@/strings/tasks";

const CARD_HEIGHT = 118;
const GAP = 8;

type Column = Board["columns"][number];

type Props = {
  column: Column;
  filter: TaskFilter;
  /** The card being carried, if any: only columns it may go to take it. */
  carried: Task | null;
  onMove: (task: Task, to: TaskState) => void;
  filtered: boolean;
  headless?: boolean;
  /** The lane it stands in, where the board has lanes: a card keeps to its own. */
  lane?: string;
};

export function BoardColumn({ column, filter, carried, onMove, filtered, headless = false, lane }: Props) {
  const foreign = lane !== undefined && carried !== null && !mayHold(filter, carried);
  const legal = carried !== null && !foreign && carried.allowed_moves.includes(column.state);
  const home = carried?.state === column.state;
  const { setNodeRef, isOver } = useDroppable({ id: lane === undefined ? column.state : `${lane}:${column.state}`, disabled: !legal });
  const { tasks, more, loadMore } = useColumnTasks(column, filter);
  const scroller = useRef<HTMLDivElement>(null);
  const cards = useVirtualizer({
    count: tasks.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => CARD_HEIGHT + GAP,
    getItemKey: (index) => tasks[index]?.id ?? index,
    overscan: useLater() ? 6 : 1,
  });
  const shown = cards.getVirtualItems();
  const last = shown[shown.length - 1]?.index ?? 0;
  useEffect(() => {
    if (more && last >= tasks.length - 20) loadMore();
  }, [more, last, tasks.length, loadMore]);

  return (
    <section
      ref={setNodeRef}
      // The lane around it is the landmark.
      role={headless ? "group" : undefined}
      aria-label={say.column(states[column.state], column.count)}
      className={cx(
        "flex min-h-0 min-w-0 flex-col rounded-m outline-2 -outline-offset-1 outline-transparent transition-opacity duration-100",
        carried && !legal && !home && "opacity-45",
        legal && "bg-accent-soft/50 outline-dashed outline-accent/60",
        isOver && "bg-accent-soft outline-solid outline-accent",
      )}
    >
      {!headless && (
        <h2 className="flex items-center gap-2 px-1 pb-2 text-s font-[560] text-muted">
          {states[column.state]}
          <span className="num font-normal text-faint">{formatCount(column.count)}</span>
        </h2>
      )}
      <div ref={scroller} className={cx("scroll-quiet flex-1 overflow-y-auto px-px", lane === undefined ? "min-h-[120px] pb-8" : "min-h-10 pb-2")} tabIndex={tasks.length > 0 ? -1 : undefined}>
        {tasks.length === 0 ? (
          lane === undefined && (
            <p className="rounded-m border border-dashed border-line px-3 py-4 text-s text-faint">{filtered ? say.nothingMatches : say.columnEmpty[column.state]}</p>
          )
        ) : (
          <div className="relative" style={{ height: cards.getTotalSize() }}>
            {shown.map((item) => {
              const task = tasks[item.index];
              return (
                task && (
                  <div
                    key={item.key}
                    data-index={item.index}
                    ref={cards.measureElement}
                    className="absolute inset-x-0 top-0"
                    style={{ transform: `translateY(${item.start}px)`, paddingBottom: GAP }}
                  >
                    <DraggableCard task={task} onMove={onMove} />
                  </div>
                )
              );
            })}
          </div>
        )}
        {more && tasks.length > 0 && <p className="py-2 text-center text-s text-faint">{say.more}</p>}
      </div>
    </section>
  );
}

type CardProps = { task: Task; onMove: (task: Task, to: TaskState) => void };

/** Scrolling moves cards; it does not render again those that stay. */
const DraggableCard = memo(function DraggableCard({ task, onMove }: CardProps) {
  const allowed = useMay("work");
  const navigate = useNavigate();
  const { setNodeRef, setActivatorNodeRef, listeners, attributes, isDragging } = useDraggable({ id: task.id, data: { task }, disabled: !allowed });
  const { onKeyDown, ...pointer } = (listeners ?? {}) as Record<string, React.EventHandler<React.SyntheticEvent>>;
  return (
    <div ref={setNodeRef} {...pointer} onClick={followRow} className={cx("touch-manipulation", isDragging && "opacity-40")}>
      <TaskCard
        task={task}
        onMove={allowed ? (to) => onMove(task, to) : undefined}
        onOpen={() => void navigate({ to: "/tasks/$taskId", params: { taskId: task.id } })}
        link={{ ref: setActivatorNodeRef, onKeyDown, "aria-describedby": attributes["aria-describedby"] }}
      />
    </div>
  );
});

/** A column's cards: the fifty that came with the board, and those after them as they are scrolled to. */
function useColumnTasks(column: Column, filter: TaskFilter) {
  const rest = useInfiniteQuery({
    queryKey: taskKeys.column(column.state, filter, column.next ?? ""),
    queryFn: ({ pageParam, signal }) => columnPage(column.state, filter, pageParam, signal),
    initialPageParam: column.next ?? "",
    getNextPageParam: (page) => page.next,
    enabled: false,
  });
  const tasks = useMemo(() => {
    const seen = new Set<string>();
    return [...column.items, ...(rest.data?.pages.flatMap((page) => page.items) ?? [])].filter((task) => {
      if (seen.has(task.id) || task.state !== column.state) return false;
      seen.add(task.id);
      return true;
    });
  }, [column, rest.data]);
  const more = column.next !== null && (rest.data === undefined || rest.hasNextPage);
  const loadMore = () => {
    if (rest.isFetching) return;
    if (rest.data === undefined) void rest.refetch();
    else void rest.fetchNextPage();
  };
  return { tasks, more, loadMore };
}
