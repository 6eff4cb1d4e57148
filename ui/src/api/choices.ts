import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { agentKeys, agentNamesQuery } from "@/api/agents";
import { api, data } from "@/api/client";
import { goalKeys } from "@/api/goals";
import { memberKeys } from "@/api/members";
import { projectKeys } from "@/api/projects";
import type { AgentNames, Goal, Member, Named, Page, Project } from "@/api/types";

/** What there may be hundreds of, so that the server is asked for what one looks for. */
export type ChoiceOf = "agent" | "goal" | "person" | "project";

/** `more`: there are others, found by what they are called. */
export type Choices = { items: Named[]; more: boolean };

/** So many are shown at once; whoever looks for another one types. */
const SHOWN = 50;

const KEYS = { agent: agentKeys.all, goal: goalKeys.all, person: memberKeys.all, project: projectKeys.all } as const;

type Ask = { q?: string; limit: number };

/** One more than is shown is asked for: whether there is one says whether to look by typing. */
const ASK: Record<ChoiceOf, (query: Ask, signal: AbortSignal) => Promise<{ items: Named[] }>> = {
  agent: (query, signal) => data<AgentNames>(api.GET("/api/v1/agents/names", { params: { query: { ...query, retired: false } }, signal })),
  goal: (query, signal) => data<Page<Goal>>(api.GET("/api/v1/goals", { params: { query }, signal })),
  person: (query, signal) => data<Page<Member>>(api.GET("/api/v1/members", { params: { query }, signal })),
  project: (query, signal) => data<Page<Project>>(api.GET("/api/v1/projects", { params: { query }, signal })),
};

/** The first of those whose names have `q` in them; without it, of all. */
export const choicesQuery = (of: ChoiceOf, q = "") =>
  queryOptions({
    queryKey: [...KEYS[of], "choices", q],
    queryFn: async ({ signal }): Promise<Choices> => {
      const { items } = await ASK[of]({ ...(q ? { q } : {}), limit: SHOWN + 1 }, signal);
      return { items: items.slice(0, SHOWN).map(({ id, name }) => ({ id, name })), more: items.length > SHOWN };
    },
    placeholderData: keepPreviousData,
  });

/** What one of them is called, where only its id is at hand; null where that is not known. */
export const calledQuery = (of: ChoiceOf, id: string) =>
  queryOptions({
    queryKey: [...KEYS[of], "called", id],
    queryFn: async ({ client, signal }): Promise<string | null> => {
      if (of === "project") return (await data<Project>(api.GET("/api/v1/projects/{project_id}", { params: { path: { project_id: id } }, signal }))).name;
      if (of === "goal") return (await data<Goal>(api.GET("/api/v1/goals/{goal_id}", { params: { path: { goal_id: id } }, signal }))).name;
      if (of === "person") return (await data<Member>(api.GET("/api/v1/members/{member_id}", { params: { path: { member_id: id } }, signal }))).name;
      // One answer names them all.
      return (await client.query(agentNamesQuery)).items.find((each) => each.id === id)?.name ?? null;
    },
  });
