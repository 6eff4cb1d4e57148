import type { InfiniteData, QueryClient } from "@tanstack/react-query";

import type { LiveEvent } from "@/api/live";
import type { TaskFilter } from "@/api/tasks";
import { taskKeys } from "@/api/tasks";
import type { Board, Page, Task, TaskState } from "@/api/types";
import { mayHold, moved, withoutTask } from "@/features/tasks/board-moves";

/** Writes a move into every answer that shows the task, on boards that `on` names. The server's next answer replaces it. */
function show(client: QueryClient, task: Task, to: TaskState, at: string, on: (board: Board, filter: TaskFilter) => boolean): void {
  for (const [key, board] of client.getQueriesData<Board>({ queryKey: taskKeys.boards() })) {
    if (board && on(board, key[2] as TaskFilter)) client.setQueryData<Board>(key, moved(board, task, to, at));
  }
  client.setQueriesData<InfiniteData<Page<Task>>>({ queryKey: taskKeys.columns() }, (pages) => pages && withoutTask(pages, task.id));
  client.setQueryData<Task>(taskKeys.one(task.id), (one) => one && { ...one, state: to, state_since: at, allowed_moves: [] });
}

/** A move that is made here, before the server has answered. */
export function showMove(client: QueryClient, task: Task, to: TaskState): void {
  show(client, task, to, new Date().toISOString(), (_, filter) => mayHold(filter, task));
}

const cardIn = (board: Board | undefined, id: string): Task | undefined => board?.columns.flatMap((column) => column.items).find((task) => task.id === id);

/** A move that somebody else made, as the event tells it: their card has gone before its column is read again. */
export function showMoveTold(client: QueryClient, event: LiveEvent): void {
  if (event.kind !== "task.moved") return;
  const { from, to } = event.data as { from?: TaskState; to?: TaskState };
  const boards = client.getQueriesData<Board>({ queryKey: taskKeys.boards() });
  const task = boards.map(([, board]) => cardIn(board, event.subject_id)).find((card) => card !== undefined);
  // A board that was read after the move, or that shows a later one, is right as it is.
  if (task && to && task.state === from) show(client, task, to, event.at, (board) => cardIn(board, task.id)?.state === from);
}
