import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Comment, CommentDraft, Mentioned, Page } from "@/api/types";

export const commentKeys = {
  all: ["comments"] as const,
  of: (taskId: string) => ["comments", "of", taskId] as const,
  writing: (taskId: string) => ["comments", "writing", taskId] as const,
  preview: (body: string) => ["comments", "preview", body] as const,
};

const PAGE = 200;
const MOST = 2_000;

/** All that was said, oldest first: a reader wants the whole talk, and a talk is short. */
export const commentsQuery = (taskId: string) =>
  queryOptions({
    queryKey: commentKeys.of(taskId),
    queryFn: async ({ signal }) => {
      const found: Comment[] = [];
      let after: string | null = null;
      do {
        const query: { limit: number; after?: string } = { limit: PAGE, ...(after ? { after } : {}) };
        const page: Page<Comment> = await data<Page<Comment>>(api.GET("/api/v1/tasks/{task_id}/comments", { params: { path: { task_id: taskId }, query }, signal }));
        found.push(...page.items);
        after = page.next;
      } while (after !== null && found.length < MOST);
      return found;
    },
  });

export const writeComment = (taskId: string, body: CommentDraft): Promise<Comment> =>
  data<Comment>(api.POST("/api/v1/tasks/{task_id}/comments", { params: { path: { task_id: taskId } }, body }));

export const reactToComment = (id: string, emoji: string): Promise<Comment> =>
  data<Comment>(api.POST("/api/v1/comments/{comment_id}/reactions", { params: { path: { comment_id: id } }, body: { emoji } }));

/** Who would be told or woken by a text, before it is sent. */
export const mentionsQuery = (body: string) =>
  queryOptions({
    queryKey: commentKeys.preview(body),
    queryFn: async ({ signal }) => (await data<{ mentions: Mentioned[] }>(api.POST("/api/v1/comments/preview", { body: { body }, signal }))).mentions,
    enabled: body.includes("@"),
    staleTime: 60_000,
  });

export const messageAgent = (agentId: string, body: string): Promise<{ id: string }> =>
  data<{ id: string }>(api.POST("/api/v1/agents/{agent_id}/messages", { params: { path: { agent_id: agentId } }, body: { body } }));
