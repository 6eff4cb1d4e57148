import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Settings } from "@/api/types";

export const settingsKeys = { all: ["settings"] as const };

export const settingsQuery = queryOptions({
  queryKey: settingsKeys.all,
  queryFn: ({ signal }) => data<Settings>(api.GET("/api/v1/settings", { signal })),
});
