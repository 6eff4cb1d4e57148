import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import { inPages } from "@/api/pages";
import type { Duties, Member, MemberChange, Page, Role } from "@/api/types";

export const memberKeys = { all: ["members"] as const, list: () => ["members", "list"] as const, duties: (id: string) => ["duties", id] as const };

/** People, oldest first, a page at a time. */
export const membersQuery = inPages<Member>(memberKeys.list(), (query, signal) => data<Page<Member>>(api.GET("/api/v1/members", { params: { query }, signal })));

export const createMember = (body: { name: string; email: string; role: Role }): Promise<Member> =>
  data<Member>(api.POST("/api/v1/members", { body }));

export const changeMember = ({ id, version }: Pick<Member, "id" | "version">, body: MemberChange): Promise<Member> =>
  data<Member>(api.PATCH("/api/v1/members/{member_id}", { params: { path: { member_id: id }, header: { "if-match": `"${version}"` } }, body }));

/** What a member answers for. It moves with the work, so it is asked for whenever somebody wants to know. */
export const dutiesQuery = (id: string) =>
  queryOptions({
    queryKey: memberKeys.duties(id),
    queryFn: ({ signal }) => data<Duties>(api.GET("/api/v1/members/{member_id}/duties", { params: { path: { member_id: id } }, signal })),
    staleTime: 0,
  });

/** Takes a member out; what they answer for passes to `heir`, without whom the server refuses where there is any. */
export const removeMember = (id: string, heir: string | undefined): Promise<unknown> =>
  data(api.DELETE("/api/v1/members/{member_id}", { params: { path: { member_id: id }, query: heir ? { reassign_to: heir } : {} } }));

/** A token that signs the member in once. */
export const makeSignInLink = (id: string): Promise<{ token: string; expires_at: string }> =>
  data<{ token: string; expires_at: string }>(api.POST("/api/v1/members/{member_id}/link", { params: { path: { member_id: id } } }));
