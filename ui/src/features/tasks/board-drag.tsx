import type { Announcements, CollisionDetection, DragEndEvent, KeyboardCoordinateGetter } from "@dnd-kit/core";
import { DndContext, DragOverlay, KeyboardSensor, MouseSensor, TouchSensor, pointerWithin, rectIntersection, useDroppable, useSensor, useSensors } from "@dnd-kit/core";
import type { ReactNode } from "react";
import { useState } from "react";

import type { Task, TaskState } from "@/api/types";
import { nextSpot } from "@/features/tasks/board-moves";
import { TaskCard } from "@/features/tasks/task-card";
import { cx } from "@/lib/cx";
import { listed, states } from "@/strings/common";
import { tasks as say } from "@/strings/tasks";

const TRAY = "tray:";
/** A spot's id ends in its state; before that stands the tray, or the lane. */
const stateOf = (id: string | number): TaskState => String(id).split(":").at(-1) as TaskState;
const taskOf = (data: { current?: Record<string, unknown> } | undefined): Task | undefined => data?.current?.task as Task | undefined;

/** A pointer is over what is under it; a card carried by keys is over what it covers. */
const collisions: CollisionDetection = (args) => (args.pointerCoordinates ? pointerWithin(args) : rectIntersection(args));

/** Arrow keys jump from one legal column to the next. */
const byColumns: KeyboardCoordinateGetter = (event, { context, currentCoordinates }) => {
  const by = event.code === "ArrowRight" ? 1 : event.code === "ArrowLeft" ? -1 : 0;
  if (!by) return undefined;
  event.preventDefault();
  const open = context.droppableContainers.getEnabled().map((container) => String(container.id));
  const columns = open.filter((id) => !id.startsWith(TRAY));
  const spots = (columns.length > 0 ? columns : open).flatMap((id) => {
    const rect = context.droppableRects.get(id);
    return rect ? [{ id, left: rect.left }] : [];
  });
  const spot = nextSpot(spots, currentCoordinates.x, by);
  const rect = spot && context.droppableRects.get(spot.id);
  return rect ? { x: rect.left, y: rect.top + 32 } : undefined;
};

const announcements: Announcements = {
  onDragStart: ({ active }) => {
    const task = taskOf(active.data);
    return task && say.drag.lifted(task.ref, listed(task.allowed_moves.map((state) => states[state])));
  },
  onDragOver: ({ active, over }) => {
    const ref = taskOf(active.data)?.ref ?? "";
    return over ? say.drag.over(ref, states[stateOf(over.id)]) : say.drag.nowhere(ref);
  },
  onDragEnd: ({ active, over }) => {
    const ref = taskOf(active.data)?.ref ?? "";
    return over ? say.drag.dropped(ref, states[stateOf(over.id)]) : say.drag.putBack(ref);
  },
  onDragCancel: ({ active }) => say.drag.putBack(taskOf(active.data)?.ref ?? ""),
};

type Props = {
  onDrop: (task: Task, to: TaskState) => void;
  /** States that have no column on the screen now, so that the tray offers them. */
  offScreen: (state: TaskState) => boolean;
  children: (carried: Task | null) => ReactNode;
};

/** Carrying cards by mouse, touch and keyboard. Only legal targets take a card. */
export function BoardDrag({ onDrop, offScreen, children }: Props) {
  const [carried, setCarried] = useState<Task | null>(null);
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 6 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 220, tolerance: 8 } }),
    useSensor(KeyboardSensor, {
      coordinateGetter: byColumns,
      keyboardCodes: { start: ["Space"], cancel: ["Escape"], end: ["Space", "Enter"] },
    }),
  );
  const end = ({ active, over }: DragEndEvent) => {
    setCarried(null);
    const task = taskOf(active.data);
    if (task && over && stateOf(over.id) !== task.state) onDrop(task, stateOf(over.id));
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={collisions}
      accessibility={{ announcements, screenReaderInstructions: { draggable: say.drag.instructions } }}
      onDragStart={({ active }) => setCarried(taskOf(active.data) ?? null)}
      onDragEnd={end}
      onDragCancel={() => setCarried(null)}
    >
      {children(carried)}
      {carried && <Tray states={carried.allowed_moves.filter(offScreen)} />}
      <DragOverlay dropAnimation={null}>{carried && <TaskCard task={carried} lifted />}</DragOverlay>
    </DndContext>
  );
}

function Tray({ states: offered }: { states: TaskState[] }) {
  if (offered.length === 0) return null;
  return (
    <div className="fixed inset-x-3 bottom-[72px] z-40 flex animate-rise justify-center gap-2 md:bottom-4 md:left-[224px]">
      {offered.map((state) => (
        <TraySpot key={state} state={state} />
      ))}
    </div>
  );
}

function TraySpot({ state }: { state: TaskState }) {
  const { setNodeRef, isOver } = useDroppable({ id: TRAY + state });
  return (
    <div
      ref={setNodeRef}
      className={cx(
        "grid h-14 min-w-[88px] flex-1 place-items-center rounded-m border-2 border-dashed bg-surface px-3 text-center text-s shadow-float md:max-w-[200px]",
        state === "cancelled" ? "border-wrong text-wrong" : "border-accent",
        isOver && (state === "cancelled" ? "bg-wrong-soft" : "bg-accent-soft"),
      )}
    >
      {state === "cancelled" ? say.cancelTask : states[state]}
    </div>
  );
}
