import { NANO } from "@/lib/format";

/** A text field of a form; "" when there is none. */
export function field(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}

/** The parts of a text field that are not empty, without the spaces around them. */
export const several = (form: FormData, name: string, by: "," | "\n" = ","): string[] =>
  field(form, name)
    .split(by)
    .map((each) => each.trim())
    .filter(Boolean);

/** Nano-dollars that a field of dollars says; null when it is empty. */
export const nanoOf = (dollars: string): number | null => (dollars.trim() ? Math.round(Number(dollars) * NANO) : null);

/** An instant as `datetime-local` wants it: in this place's time, without a zone. */
export function localInput(at: string | null): string {
  if (!at) return "";
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The instant that a `datetime-local` says, in this place's time; null when it is empty. */
export const instantOf = (local: string): string | null => (local ? new Date(local).toISOString() : null);

/** What a select offers: each value with its words. Pure. */
export const choicesOf = (labels: Record<string, string>): { value: string; label: string }[] => Object.entries(labels).map(([value, label]) => ({ value, label }));
