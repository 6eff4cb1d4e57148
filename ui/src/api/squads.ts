import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Squad, SquadDraft } from "@/api/types";

export const squadKeys = { all: ["squads"] as const };

export const squadsQuery = queryOptions({
  queryKey: squadKeys.all,
  queryFn: async ({ signal }) => (await data<{ items: Squad[] }>(api.GET("/api/v1/squads", { signal }))).items,
});

export const createSquad = (body: SquadDraft): Promise<Squad> => data<Squad>(api.POST("/api/v1/squads", { body }));

export const changeSquad = ({ id, version }: Pick<Squad, "id" | "version">, body: SquadDraft): Promise<Squad> =>
  data<Squad>(api.PATCH("/api/v1/squads/{squad_id}", { params: { path: { squad_id: id }, header: { "if-match": `"${version}"` } }, body }));

export const removeSquad = (id: string): Promise<unknown> => data(api.DELETE("/api/v1/squads/{squad_id}", { params: { path: { squad_id: id } } }));
