import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Member, Page, Role } from "@/api/types";

export const memberKeys = { all: ["members"] as const };

export const membersQuery = queryOptions({
  queryKey: memberKeys.all,
  queryFn: ({ signal }) => data<Page<Member>>(api.GET("/api/v1/members", { params: { query: { limit: 200 } }, signal })),
});

export const createMember = (body: { name: string; email: string; role: Role }): Promise<Member> =>
  data<Member>(api.POST("/api/v1/members", { body }));

/** A token that signs the member in once. */
export const makeSignInLink = (id: string): Promise<{ token: string; expires_at: string }> =>
  data<{ token: string; expires_at: string }>(api.POST("/api/v1/members/{member_id}/link", { params: { path: { member_id: id } } }));
