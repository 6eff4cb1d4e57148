import { useMutation, useMutationState, useQueryClient } from "@tanstack/react-query";

import { commentKeys, commentsQuery, writeComment } from "@/api/comments";
import type { Comment } from "@/api/types";

/** A comment on its way, and which comments were known when it left. */
type Sent = { body: string; known: string[] };

/** What is still out of sight: the live stream may bring a comment before its own answer does. Pure. */
export function stillSending(sent: Sent[], comments: Comment[]): string[] {
  const arrived = (each: Sent) => comments.some((comment) => comment.body === each.body && !each.known.includes(comment.id));
  return sent.filter((each) => !arrived(each)).map((each) => each.body);
}

/** Says something on a task: it stands in `sending`, newest first, until the server's own row stands in the list. */
export function useTalk(taskId: string, comments: Comment[] = []) {
  const client = useQueryClient();
  const mutationKey = commentKeys.writing(taskId);
  const { queryKey } = commentsQuery(taskId);
  const { mutateAsync } = useMutation({
    mutationKey,
    mutationFn: ({ body }: Sent) => writeComment(taskId, { body }),
    onSuccess: (said) => {
      client.setQueryData(queryKey, (known) => known && [...known.filter((each) => each.id !== said.id), said]);
      // Not waited for: the row is there, the list only confirms it.
      void client.invalidateQueries({ queryKey });
    },
  });
  const sent = useMutationState({ filters: { mutationKey, status: "pending" }, select: (mutation) => mutation.state.variables as Sent });
  return {
    write: (body: string) => mutateAsync({ body, known: comments.map((each) => each.id) }),
    sending: stillSending(sent, comments).reverse(),
  };
}
