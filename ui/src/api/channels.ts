import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Channel, ChannelChange, ChannelDraft, Delivery, NotificationKind, Page } from "@/api/types";

export const channelKeys = {
  all: ["channels"] as const,
  list: () => ["channels", "list"] as const,
  kinds: () => ["channels", "kinds"] as const,
  deliveries: (id: string) => ["channels", "deliveries", id] as const,
};

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
/** What waits is tried again without an event of ours; it is asked for while somebody looks. */
export const deliveriesQuery = (id: string) =>
  queryOptions({
    queryKey: channelKeys.deliveries(id),
    queryFn: ({ signal }) => data<Page<Delivery>>(api.GET("/api/v1/channels/{channel_id}/deliveries", { params: { path: { channel_id: id }, query: { limit: 30 } }, signal })),
    refetchInterval: 5_000,
  });

/** Tries one again that was given up. */
export const replayDelivery = ({ id, channel_id: channel }: Pick<Delivery, "id" | "channel_id">): Promise<unknown> =>
  data(api.POST("/api/v1/channels/{channel_id}/replay", { params: { path: { channel_id: channel }, query: { delivery_id: id } } }));

export const changeChannel = ({ id, version }: Pick<Channel, "id" | "version">, body: ChannelChange): Promise<Channel> =>
  data<Channel>(api.PATCH("/api/v1/channels/{channel_id}", { params: { path: { channel_id: id }, header: { "if-match": `"${version}"` } }, body }));
export const deleteChannel = (id: string): Promise<unknown> => data(api.DELETE("/api/v1/channels/{channel_id}", path(id)));
