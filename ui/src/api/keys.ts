import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Key, NewKey, Page } from "@/api/types";

export const keyKeys = { all: ["keys"] as const, list: (agentId: string | null) => ["keys", "list", agentId] as const };

/** Every run has a key of its own: those that last stand among many, and all are asked for. */
const PAGE = 500;
const MOST_PAGES = 4;

export const keysQuery = (agentId: string | null) =>
  queryOptions({
    queryKey: keyKeys.list(agentId),
    queryFn: async ({ signal }) => {
      const found: Page<Key> = { items: [], next: null };
      for (let page = 0; page < MOST_PAGES; page++) {
        const query = { limit: PAGE, ...(agentId ? { agent_id: agentId } : {}), ...(found.next ? { after: found.next } : {}) };
        const answer = await data<Page<Key>>(api.GET("/api/v1/keys", { params: { query }, signal }));
        found.items.push(...answer.items);
        found.next = answer.next;
        if (!found.next) break;
      }
      return found;
    },
  });

export const createAgentKey = (agentId: string, body: { name?: string }): Promise<NewKey> =>
  data<NewKey>(api.POST("/api/v1/agents/{agent_id}/keys", { params: { path: { agent_id: agentId } }, body }));

export const createToken = (body: { name: string }): Promise<NewKey> =>
  data<NewKey>(api.POST("/api/v1/members/me/tokens", { body }));

export const revokeKey = (id: string): Promise<Key> => data<Key>(api.POST("/api/v1/keys/{key_id}/revoke", { params: { path: { key_id: id } } }));

export const rotateKey = (id: string): Promise<NewKey> =>
  data<NewKey>(api.POST("/api/v1/keys/{key_id}/rotate", { params: { path: { key_id: id } } }));

/** The saved route that calls with this key take when they name none; null takes it away. */
export const setKeyRoute = (id: string, route: string | null): Promise<unknown> =>
  data(api.PUT("/api/v1/keys/{key_id}/route", { params: { path: { key_id: id } }, body: { route } }));
