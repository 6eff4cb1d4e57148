import { useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { agentNamesQuery } from "@/api/agents";
import { needsQuery, waiting } from "@/api/needs";
import { boardCountsQuery } from "@/api/tasks";
import type { NavItem } from "@/app/shell/nav";
import { shell } from "@/strings/shell";

type Counts = Record<NonNullable<NavItem["count"]>, number | undefined>;

export function useCounts(): Counts {
  const { data: tasks } = useQuery({
    ...boardCountsQuery,
    select: (board) => ({
      open: board.columns.reduce((sum, column) => sum + (column.state === "done" ? 0 : column.count), 0),
      inReview: board.columns.find((column) => column.state === "in_review")?.count,
    }),
  });
  const { data: agents } = useQuery({ ...agentNamesQuery, select: (page) => page.present });
  const { data: needs } = useInfiniteQuery({ ...needsQuery, select: ({ pages: [first] }) => first && waiting(first) });
  return { tasks: tasks?.open, reviews: tasks?.inReview, agents, needs };
}

const TOLD: Record<NonNullable<NavItem["count"]>, (count: number) => string> = {
  tasks: shell.openTasks,
  agents: shell.agentCount,
  needs: shell.needCount,
  reviews: shell.reviewCount,
};

/** A count beside the name of a page, in words; nothing where it is not known, or calls for nobody. Pure. */
export function told(item: Pick<NavItem, "count" | "hot">, count: number | undefined): string | undefined {
  return count !== undefined && item.count && !(item.hot && count === 0) ? TOLD[item.count](count) : undefined;
}
