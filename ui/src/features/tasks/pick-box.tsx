import type { Task } from "@/api/types";
import { useSelection } from "@/features/tasks/selection";
import { cx } from "@/lib/cx";
import { tasks } from "@/strings/tasks";

/** Picks a task for a bulk act; Shift picks all up to it. Quiet until something is picked. */
export function PickBox({ task, className }: { task: Task; className?: string }) {
  const { ids, toggle } = useSelection();
  return (
    <input
      type="checkbox"
      data-task={task.id}
      aria-label={tasks.bulk.pick(task.ref)}
      checked={ids.has(task.id)}
      onChange={() => undefined}
      onClick={(event) => toggle(task.id, event.shiftKey)}
      onPointerDown={(event) => event.stopPropagation()}
      onMouseDown={(event) => event.stopPropagation()}
      className={cx(
        "size-[14px] pointer-coarse:size-6 shrink-0 accent-(--accent)",
        ids.size === 0 && "opacity-0 group-hover/card:opacity-100 group-hover/row:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-60",
        className,
      )}
    />
  );
}
