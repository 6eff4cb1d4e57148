import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Notification, NotificationPreferences, PreferencesOut } from "@/api/types";

export const notificationKeys = { all: ["notifications"] as const, list: () => ["notifications", "list"] as const, preferences: () => ["notifications", "preferences"] as const };

const SHOWN = 30;

/** What one was told in the app, newest first. */
export const notificationsQuery = queryOptions({
  queryKey: notificationKeys.list(),
  queryFn: ({ signal }) => data<{ items: Notification[]; unread: number; next: string | null }>(api.GET("/api/v1/notifications", { signal, params: { query: { limit: SHOWN } } })),
});

/** The server says every field, also those that may be left out when they are sent. */
const whole = async (answer: Parameters<typeof data<PreferencesOut>>[0]): Promise<NotificationPreferences> => (await data<PreferencesOut>(answer)) as NotificationPreferences;

export const preferencesQuery = queryOptions({
  queryKey: notificationKeys.preferences(),
  queryFn: ({ signal }) => whole(api.GET("/api/v1/notifications/preferences", { signal })),
});

/** Whole; refused with 409 when they were changed elsewhere meanwhile. */
export const savePreferences = ({ version, ...body }: NotificationPreferences): Promise<NotificationPreferences> =>
  whole(api.PUT("/api/v1/notifications/preferences", { params: { header: { "if-match": `"${version}"` } }, body }));

/** All of them, or those named. */
export const readNotifications = (ids?: string[]): Promise<unknown> => data(api.POST("/api/v1/notifications/read", { body: ids ? { ids } : {} }));
