import type { QueryClient } from "@tanstack/react-query";
import { useQuery } from "@tanstack/react-query";

import { sessionQuery } from "@/api/session";
import type { Role } from "@/api/types";

/** What roles may do, as far as the page offers it. The server decides; this only keeps useless buttons away. */
export type Act = "readBodies" | "review" | "work" | "operate" | "administer";

const MAY: Record<Role, readonly Act[]> = {
  viewer: [],
  reviewer: ["readBodies", "review"],
  operator: ["readBodies", "review", "work", "operate"],
  admin: ["readBodies", "review", "work", "operate", "administer"],
  owner: ["readBodies", "review", "work", "operate", "administer"],
};

export const may = (role: Role, act: Act): boolean => MAY[role].includes(act);

const RANKS: readonly Role[] = ["owner", "admin", "operator", "reviewer", "viewer"];

/** The roles that somebody who administers may give, and whose bearers they may change: only owners make or change owners. */
export const grantable = (role: Role): Role[] => RANKS.filter((each) => each !== "owner" || role === "owner");

/** The same outside of a page's parts. */
export function mayNow(client: QueryClient, act: Act): boolean {
  const session = client.getQueryData(sessionQuery.queryKey);
  return session !== undefined && may(session.member.role, act);
}

/** Whether who is signed in may do something. */
export function useMay(act: Act): boolean {
  const { data: session } = useQuery(sessionQuery);
  return session !== undefined && may(session.member.role, act);
}
