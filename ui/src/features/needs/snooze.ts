export type Snooze = "hour" | "evening" | "tomorrow" | "week";

const HOUR = 3_600_000;

function at(now: Date, days: number, hour: number): Date {
  const then = new Date(now);
  then.setDate(then.getDate() + days);
  then.setHours(hour, 0, 0, 0);
  return then;
}

/** Until when something is put off, in this place's time. Pure. */
export function snoozeUntil(kind: Snooze, now: Date): Date {
  if (kind === "hour") return new Date(now.getTime() + HOUR);
  if (kind === "evening") return at(now, 0, 18);
  if (kind === "tomorrow") return at(now, 1, 9);
  return at(now, (8 - now.getDay()) % 7 || 7, 9);
}

/** Those that make sense now: "until 18:00" is over in the evening. Pure. */
export const offered = (now: Date): Snooze[] => (["hour", "evening", "tomorrow", "week"] as const).filter((kind) => kind !== "evening" || now.getHours() < 17);
