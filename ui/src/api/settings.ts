import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Settings, SettingsDraft } from "@/api/types";

export const settingsKeys = { all: ["settings"] as const };

export const settingsQuery = queryOptions({
  queryKey: settingsKeys.all,
  queryFn: ({ signal }) => data<Settings>(api.GET("/api/v1/settings", { signal })),
});

export const changeSettings = (version: number, body: SettingsDraft): Promise<Settings> =>
  data<Settings>(api.PATCH("/api/v1/settings", { params: { header: { "if-match": `"${version}"` } }, body }));
