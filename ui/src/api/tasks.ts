import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Board, Bulk, BulkDone, Page, Priority, Reviewed, Task, TaskChange, TaskDraft, TaskState } from "@/api/types";

export type TaskFilter = {
  agent_id?: string | undefined;
  squad_id?: string | undefined;
  project_id?: string | undefined;
  goal_id?: string | undefined;
  accountable_id?: string | undefined;
  priority?: Priority | undefined;
  label?: string | undefined;
  blocked?: boolean | undefined;
  held?: boolean | undefined;
  overdue?: boolean | undefined;
  done_since?: string | undefined;
  q?: string | undefined;
};

export const taskKeys = {
  all: ["tasks"] as const,
  boards: () => ["tasks", "board"] as const,
  board: (filter: TaskFilter) => ["tasks", "board", filter] as const,
  counts: () => ["tasks", "counts"] as const,
  columns: () => ["tasks", "column"] as const,
  column: (state: TaskState, filter: TaskFilter, after: string) => ["tasks", "column", state, filter, after] as const,
  list: (filter: TaskFilter) => ["tasks", "list", filter] as const,
  inState: (state: TaskState) => ["tasks", "in", state] as const,
  open: (q: string, agentId: string | null) => ["tasks", "open", q, agentId] as const,
  search: (q: string) => ["tasks", "search", q] as const,
  below: (id: string) => ["tasks", "below", id] as const,
  one: (id: string) => ["tasks", "one", id] as const,
};

export const boardQuery = (filter: TaskFilter) =>
  queryOptions({
    queryKey: taskKeys.board(filter),
    queryFn: ({ signal }) => data<Board>(api.GET("/api/v1/board", { params: { query: filter }, signal })),
  });

/** How many tasks stand in each column, without a card: what the frame around every page shows. */
export const boardCountsQuery = queryOptions({
  queryKey: taskKeys.counts(),
  queryFn: ({ signal }) => data<Board>(api.GET("/api/v1/board", { params: { query: { cards: 0 } }, signal })),
});

export const columnPage = (state: TaskState, filter: TaskFilter, after: string, signal: AbortSignal): Promise<Page<Task>> =>
  data<Page<Task>>(api.GET("/api/v1/tasks", { params: { query: { state: [state], ...filter, after, limit: 200 } }, signal }));

export const taskListQuery = (filter: TaskFilter) =>
  infiniteQueryOptions({
    queryKey: taskKeys.list(filter),
    queryFn: ({ pageParam, signal }) =>
      data<Page<Task>>(api.GET("/api/v1/tasks", { params: { query: { ...filter, limit: 100, ...(pageParam ? { after: pageParam } : {}) } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

/** The tasks of one state, as many as a person can look through. */
export const tasksInQuery = (state: TaskState) =>
  queryOptions({
    queryKey: taskKeys.inState(state),
    queryFn: ({ signal }) => data<Page<Task>>(api.GET("/api/v1/tasks", { params: { query: { state: [state], limit: 200 } }, signal })),
  });

export const taskSearchQuery = (q: string) =>
  queryOptions({
    queryKey: taskKeys.search(q),
    queryFn: ({ signal }) => data<Page<Task>>(api.GET("/api/v1/tasks", { params: { query: { q, limit: 8 } }, signal })),
    enabled: q.length > 0,
  });

const OPEN: TaskState[] = ["backlog", "ready", "in_progress", "in_review"];

/** Open tasks that these words find; without any, the newest, an agent's before all others'. */
export const openTasksQuery = (q: string, agentId: string | null) =>
  queryOptions({
    queryKey: taskKeys.open(q, agentId),
    queryFn: async ({ signal }) => {
      const ask = async (more: { agent_id?: string }) =>
        (await data<Page<Task>>(api.GET("/api/v1/tasks", { params: { query: { state: OPEN, limit: 8, ...(q ? { q } : {}), ...more } }, signal }))).items;
      const own = agentId && !q ? await ask({ agent_id: agentId }) : [];
      const others = own.length < 8 ? await ask({}) : [];
      return [...own, ...others.filter((task) => !own.some((each) => each.id === task.id))].slice(0, 8);
    },
    placeholderData: keepPreviousData,
  });

export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: taskKeys.one(id),
    queryFn: ({ signal }) => data<Task>(api.GET("/api/v1/tasks/{task_id}", { params: { path: { task_id: id } }, signal })),
  });

/** The first subtasks of a task. */
export const subtasksQuery = (id: string) =>
  queryOptions({
    queryKey: taskKeys.below(id),
    queryFn: async ({ signal }) => (await data<Page<Task>>(api.GET("/api/v1/tasks", { params: { query: { parent_id: id, limit: 50 } }, signal }))).items,
  });

export const changeTask = ({ id, version }: Pick<Task, "id" | "version">, body: TaskChange): Promise<Task> =>
  data<Task>(api.PATCH("/api/v1/tasks/{task_id}", { params: { path: { task_id: id }, header: { "if-match": `"${version}"` } }, body }));

export const createTask = (body: TaskDraft): Promise<Task> => data<Task>(api.POST("/api/v1/tasks", { body }));

/** Approval is what takes a task from review to done; it says who judged, where a bare move would be refused. */
const approveTask = async (id: string): Promise<Task> =>
  (await data<Reviewed>(api.POST("/api/v1/tasks/{task_id}/reviews", { params: { path: { task_id: id } }, body: { verdict: "approve" } }))).task;

/** Refused with 409 when the task is no longer as this page knows it. */
export const moveTask = ({ id, version, state }: Pick<Task, "id" | "version" | "state">, to: TaskState): Promise<Task> =>
  state === "in_review" && to === "done"
    ? approveTask(id)
    : data<Task>(api.POST("/api/v1/tasks/{task_id}/move", { params: { path: { task_id: id }, header: { "if-match": `"${version}"` } }, body: { to } }));

export const assignTask = ({ id, version }: Pick<Task, "id" | "version">, to: { agent_id: string | null; squad_id: string | null }): Promise<Task> =>
  data<Task>(
    api.POST("/api/v1/tasks/{task_id}/assign", { params: { path: { task_id: id }, header: { "if-match": `"${version}"` } }, body: to }),
  );

/** Lets no agent claim it, nor what is below it, until it is released. */
export const holdTask = (id: string, reason: string | null): Promise<Task> => data<Task>(api.POST("/api/v1/tasks/{task_id}/hold", { params: { path: { task_id: id } }, body: { reason } }));

/** Takes away its own hold; what is held above it or below it stays held. */
export const releaseTask = (id: string): Promise<Task> => data<Task>(api.POST("/api/v1/tasks/{task_id}/release", { params: { path: { task_id: id } } }));

/** `memberId` may be "me". */
export const watchTask = (id: string, memberId: string): Promise<Task> =>
  data<Task>(api.PUT("/api/v1/tasks/{task_id}/watchers/{member_id}", { params: { path: { task_id: id, member_id: memberId } } }));

export const unwatchTask = (id: string, memberId: string): Promise<Task> =>
  data<Task>(api.DELETE("/api/v1/tasks/{task_id}/watchers/{member_id}", { params: { path: { task_id: id, member_id: memberId } } }));

/** One act on many tasks; each answers for itself. */
export const changeTasks = (body: Bulk): Promise<BulkDone> => data<BulkDone>(api.POST("/api/v1/tasks/bulk", { body }));
