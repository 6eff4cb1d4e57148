import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Channel, ChannelDraft, Delivery, NotificationKind } from "@/api/types";

export const channelKeys = { all: ["channels"] as const, list: () => ["channels", "list"] as const, kinds: () => ["channels", "kinds"] as const };

export const channelsQuery = queryOptions({
  queryKey: channelKeys.list(),
  queryFn: ({ signal }) => data<{ items: Channel[] }>(api.GET("/api/v1/channels", { signal })),
});

export const notificationKindsQuery = queryOptions({
  queryKey: channelKeys.kinds(),
  queryFn: ({ signal }) => data<{ items: NotificationKind[] }>(api.GET("/api/v1/notifications/kinds", { signal })),
  staleTime: Infinity,
});

export const createChannel = (body: ChannelDraft): Promise<Channel & { secret: string | null }> =>
  data<Channel & { secret: string | null }>(api.POST("/api/v1/channels", { body }));

const path = (id: string) => ({ params: { path: { channel_id: id } } });

/** Waits for how the first attempt went: a test that has only been queued says nothing. */
export const testChannel = (id: string): Promise<Delivery> =>
  data<Delivery>(api.POST("/api/v1/channels/{channel_id}/test", { params: { path: { channel_id: id }, query: { wait_s: 30 } } }));
export const replayChannel = (id: string): Promise<unknown> => data(api.POST("/api/v1/channels/{channel_id}/replay", path(id)));
export const deleteChannel = (id: string): Promise<unknown> => data(api.DELETE("/api/v1/channels/{channel_id}", path(id)));
