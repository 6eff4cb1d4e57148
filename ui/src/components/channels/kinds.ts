import type { NotificationKind } from "@/api/types";

export type KindGroup = { group: string; kinds: { kind: string; name: string }[] };

/** Each kind once, by its group, in the order of the server. Pure. */
export function groupedKinds(items: Pick<NotificationKind, "kind" | "group" | "name">[]): KindGroup[] {
  const groups = new Map<string, Map<string, string>>();
  for (const { kind, group, name } of items) {
    const kinds = groups.get(group) ?? new Map<string, string>();
    kinds.set(kind, name);
    groups.set(group, kinds);
  }
  return [...groups].map(([group, kinds]) => ({ group, kinds: [...kinds].map(([kind, name]) => ({ kind, name })) }));
}

/** Whether a name has all the words that were typed, or its group has. Pure. */
export const fitsWords = (typed: string, ...texts: string[]): boolean => {
  const text = texts.join(" ").toLowerCase();
  return typed.toLowerCase().split(/\s+/).every((word) => text.includes(word));
};

/** Whether a pattern such as `review.*` takes a kind. Pure. */
export const kindFits = (kind: string, pattern: string): boolean =>
  pattern === kind || (pattern.includes("*") && new RegExp(`^${pattern.split("*").map((part) => part.replace(/[.\\]/g, "\\$&")).join(".*")}$`).test(kind));
