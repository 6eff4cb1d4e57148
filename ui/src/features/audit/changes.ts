import type { AuditEntry } from "@/api/types";
import { formatInstant, formatMoneyExact } from "@/lib/format";
import { audit as say } from "@/strings/audit";

type RowChange = AuditEntry["changes"][number];
export type ChangedValue = { row: string; name: string; before: unknown; after: unknown };

const NOISE = new Set(["version", "updated_at"]);
const ROOM = 160;

/** The values of a row that differ: all of a new or a removed one. Pure. */
export function changedValues(change: RowChange): ChangedValue[] {
  const before: Record<string, unknown> = change.before ?? {};
  const after: Record<string, unknown> = change.after ?? {};
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => !NOISE.has(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => ({ row: `${change.table}-${change.id}`, name, before: before[name], after: after[name] }));
}

/** `deliverable.handed_in` as it is read: "Deliverable handed in". Pure. */
export function kindWords(kind: string): string {
  const words = kind.replace(/[._]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A value of a row as it is read: rows hold instants in microseconds and money in nano-dollars. Pure. */
export function shown(name: string, value: unknown): string {
  if (value === null) return say.unset;
  if (typeof value === "number" && name.endsWith("_at")) return formatInstant(new Date(value / 1_000).toISOString());
  if (typeof value === "number" && name.endsWith("_nano")) return formatMoneyExact(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > ROOM ? `${text.slice(0, ROOM)}…` : text;
}
