import { deleteChannel } from "@/api/channels";
import { api, data } from "@/api/client";
import type { Channel } from "@/api/types";

const WORKER = "/push-sw.js";
const MADE = "quarterdeck.push";

/** Whether this browser can: only over https or on localhost, and where its maker has a push service. */
export const canPush = (): boolean => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

/** Whether this browser is subscribed now. */
export async function isPushOn(): Promise<boolean> {
  const registration = canPush() ? await navigator.serviceWorker.getRegistration(WORKER) : undefined;
  return Boolean(await registration?.pushManager.getSubscription());
}

/** Asks the person, subscribes this browser and tells the server. Throws when the person or the browser says no. */
export async function turnPushOn(): Promise<Channel> {
  if ((await Notification.requestPermission()) !== "granted") throw new PushDenied();
  const { key } = await data<{ key: string }>(api.GET("/api/v1/channels/push/key"));
  await navigator.serviceWorker.register(WORKER);
  const registration = await navigator.serviceWorker.ready;
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = subscription.toJSON();
  const body = { name: browserName(navigator.userAgent), endpoint: endpoint ?? "", keys: { p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" } };
  const made = await data<Channel>(api.POST("/api/v1/channels/push", { body }));
  localStorage.setItem(MADE, made.id);
  return made;
}

/** Lets go of the subscription and removes its channel; one whose id was lost the server removes when it is told that it is gone. */
export async function turnPushOff(): Promise<void> {
  const made = localStorage.getItem(MADE);
  localStorage.removeItem(MADE);
  if (made) await deleteChannel(made).catch(() => undefined);
  const registration = await navigator.serviceWorker.getRegistration(WORKER);
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}

export class PushDenied extends Error {}

const BROWSERS = [
  ["Edg/", "Edge"],
  ["Firefox/", "Firefox"],
  ["Chrome/", "Chrome"],
  ["Safari/", "Safari"],
] as const;
const SYSTEMS = [
  ["Android", "Android"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Windows", "Windows"],
  ["Mac OS", "Mac"],
  ["Linux", "Linux"],
] as const;

/** "Chrome on Linux", from how a browser calls itself. Pure. */
export function browserName(agent: string): string {
  const named = (known: readonly (readonly [string, string])[]) => known.find(([part]) => agent.includes(part))?.[1];
  return [named(BROWSERS) ?? "Browser", named(SYSTEMS)].filter(Boolean).join(" on ");
}
