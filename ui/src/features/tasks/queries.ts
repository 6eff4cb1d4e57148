import type { QueryClient } from "@tanstack/react-query";

import { attachmentsQuery } from "@/api/attachments";
import { newestCallsQuery } from "@/api/calls";
import { commentsQuery } from "@/api/comments";
import { taskCostsQuery } from "@/api/costs";
import { deliverablesQuery } from "@/api/deliverables";
import { graphQuery } from "@/api/graph";
import { questionsQuery } from "@/api/questions";
import { reviewsQuery } from "@/api/reviews";
import { runsQuery } from "@/api/runs";
import { signalsQuery } from "@/api/signals";
import { taskQuery } from "@/api/tasks";
import { warm } from "@/api/warm";

/** So many calls stand on the page of a task. */
export const LATEST = 6;

/** What the page of any task shows beside the task itself. */
export const partsOf = (id: string) =>
  [
    attachmentsQuery(id),
    deliverablesQuery(id),
    commentsQuery(id),
    reviewsQuery(id),
    questionsQuery(id),
    runsQuery({ task_id: id }),
    signalsQuery({ task_id: id }),
    taskCostsQuery(id),
    graphQuery(id),
    newestCallsQuery({ task_id: id }, LATEST),
  ] as const;

/** Asks for all that the page of a task shows at once: its parts would only ask when the task is there. */
export function warmTask(client: QueryClient, id: string): void {
  const [files, deliverables, comments, reviews, questions, runs, signals, costs, graph, calls] = partsOf(id);
  warm(
    client.query(taskQuery(id)),
    client.query(deliverables),
    client.query(comments),
    client.query(files),
    client.query(reviews),
    client.query(questions),
    client.query(runs),
    client.query(signals),
    client.query(costs),
    client.query(graph),
    client.query(calls),
  );
}
