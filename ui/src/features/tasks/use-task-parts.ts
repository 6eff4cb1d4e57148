import { useQueries, useQuery } from "@tanstack/react-query";
import { startTransition, useEffect, useState } from "react";

import { deliverablesQuery, diffQuery, versionQuery } from "@/api/deliverables";
import { projectQuery } from "@/api/projects";
import { isSettled } from "@/api/settled";
import { subtasksQuery } from "@/api/tasks";
import type { Task } from "@/api/types";
import { standing } from "@/components/version/drafts";
import { isText } from "@/components/version/version-view";
import { partsOf } from "@/features/tasks/queries";

/** What takes longer comes when it comes. */
const PATIENCE_MS = 1_000;

/**
 * Whether the parts of a task's page can be shown together. Shown one by one, as their answers come, they push each
 * other down under the eyes of who reads; so they wait for each other, though not for long.
 */
export function useTaskParts(task: Task): boolean {
  const id = task.id;
  const parts = useQueries({
    queries: [
      ...partsOf(id),
      { ...subtasksQuery(id), enabled: task.subtasks.total > 0 },
      { ...projectQuery(task.project?.id ?? ""), enabled: task.project !== null },
    ],
    combine: (asked) => asked.every(isSettled),
  });
  const text = useTextShown(id);
  const there = parts && text;
  // What is there already, as for whoever comes back, is drawn at once: a page that is short for a moment forgets where it was scrolled to.
  const [ready, setReady] = useState(there);
  useEffect(() => {
    const late = setTimeout(() => setReady(true), PATIENCE_MS);
    return () => clearTimeout(late);
  }, []);
  // All of it is much to draw: in small steps, so that the page hears who uses it meanwhile.
  useEffect(() => {
    if (there) startTransition(() => setReady(true));
  }, [there]);
  return ready;
}

/** Whether the text that is shown of what was handed in is there: it is asked for once that is known. */
function useTextShown(taskId: string): boolean {
  const { data } = useQuery(deliverablesQuery(taskId));
  const now = data && standing(data, {});
  const { id, kind } = now?.deliverable ?? { id: "", kind: "text" as const };
  const [number, before] = [now?.version.number ?? 0, now?.before?.number];
  const enabled = now !== undefined && isText(kind);
  const diff = useQuery({ ...diffQuery(id, before ?? 0, number), enabled: enabled && before !== undefined });
  const whole = useQuery({ ...versionQuery(id, number), enabled: enabled && before === undefined });
  return isSettled(diff) && isSettled(whole);
}
