/** A number in a sentence. */
export const counted = (count: number): string => new Intl.NumberFormat(typeof navigator === "undefined" ? undefined : navigator.language).format(count);

const calls = (count: number): string => (count === 1 ? "1 call" : `${counted(count)} calls`);

/** Words used all over. Everything the interface says stands in this folder, ready for translation. */
export const words = {
  product: "Quarterdeck",
  and: "and",
  chart: "Chart",
  cancel: "Cancel",
  declared: "from quarterdeck.toml",
  close: "Close",
  copied: "Copied",
  copy: "Copy",
  copyRefused: "This browser does not allow copying here. Select the text and copy it by hand.",
  couldNotLoad: "This could not be loaded.",
  dismiss: "Dismiss",
  done: "Done",
  loading: "Loading…",
  more: "More",
  notFound: "There is nothing here.",
  table: "Table",
  tryAgain: "Try again",
  view: "View",
  estimated: "estimated",
  estimatedTitle: "estimated, the provider reported no usage",
  unpriced: "unpriced",
  unpricedTitle: (count: number) => `${calls(count)} of a model without a known price`,
  atLeast: "at least",
  andUnpriced: (count: number) => `and ${calls(count)} unpriced`,
  sinceTitle: (instant: string) => `since ${instant}`,
  nobody: "nobody yet",
  never: "never",
  calls,
};

/** Joins with commas and a last "and". */
export function listed(parts: string[]): string {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
}

const SMALL = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"];

/** Small numbers as words at the start of a sentence. */
export const spelled = (count: number): string => SMALL[count] ?? counted(count);

export const states = {
  backlog: "Backlog",
  ready: "Ready",
  in_progress: "In progress",
  in_review: "In review",
  done: "Done",
  cancelled: "Cancelled",
} as const;

export const priorities = { urgent: "Urgent", high: "High", normal: "Normal", low: "Low" } as const;

export const outcomes = {
  ok: "answered",
  error: "failed",
  cut: "cut short",
  cancelled: "caller left",
  refused: "refused",
} as const;

export const desired = { enabled: "Enabled", paused: "Paused", retired: "Retired" } as const;

export const runStates = {
  queued: "queued",
  running: "running",
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "cancelled",
  expired: "expired",
} as const;
