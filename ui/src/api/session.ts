import { queryOptions } from "@tanstack/react-query";

import { api, data, rememberCsrf } from "@/api/client";
import type { Session } from "@/api/types";

export const sessionKeys = { all: ["session"] as const };

function remembering(session: Session): Session {
  rememberCsrf(session.csrf ?? "");
  return session;
}

export const sessionQuery = queryOptions({
  queryKey: sessionKeys.all,
  queryFn: async ({ signal }) => remembering(await data<Session>(api.GET("/api/v1/session", { signal }))),
  staleTime: Infinity,
});

export const signInByLink = async (token: string): Promise<Session> =>
  remembering(await data<Session>(api.POST("/api/v1/session/link", { body: { token } })));

export const signInByPassword = async (body: { email: string; password: string }): Promise<Session> =>
  remembering(await data<Session>(api.POST("/api/v1/session/password", { body })));

export const setPassword = (body: { password: string; current_password?: string }): Promise<unknown> =>
  data(api.PUT("/api/v1/session/password", { body }));

export const signOut = (): Promise<unknown> => data(api.DELETE("/api/v1/session", {}));
