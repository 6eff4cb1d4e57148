/** A number in a sentence. */
export const counted = (count: number): string => (whole ??= new Intl.NumberFormat(typeof navigator === "undefined" ? undefined : navigator.language)).format(count);
let whole: Intl.NumberFormat | undefined;

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
  image: "image",
  loading: "Loading…",
  more: "More",
  noMore: "More could not be loaded.",
  notFound: "There is nothing here.",
  shownOf: (shown: string, all: string | undefined) => `${all === undefined ? `The first ${shown}` : `${shown} of ${all}`} are shown and sorted. More come as you scroll.`,
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

/** What a limit or a budget is of, as it is read: `agent:*` is each agent, `provider:openai` is provider openai. */
export const scopeWords = (scope: string): string =>
  scope === "workspace" ? "the whole workspace" : scope.endsWith(":*") ? `each ${scope.slice(0, -2)}` : scope.endsWith("=*") ? `each ${scope.slice(0, -2).replace(":", " ")}` : scope.replace(":", " ");

/** A span of time, as seen from now. */
export const times = {
  justNow: "just now",
  ago: (span: string) => `${span} ago`,
  ahead: (span: string) => `in ${span}`,
  late: (span: string) => `${span} late`,
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

/** Why an attempt failed; a worker's own words are shown as they are. */
const reasons: Record<string, string> = {
  agent_crashed: "the agent crashed",
  lease_expired: "its lease ran out",
  timeout: "it took too long",
  provider_outage: "the provider was out",
  rate_limited: "the provider asked to wait",
  context_overflow: "more text than the model takes",
  budget: "the budget was used up",
  no_progress: "it got no further",
  loop: "it looped",
  guardrail: "a guardrail stopped it",
  other: "another reason",
};

/** What went wrong with a call. */
const codes: Record<string, string> = {
  agent_paused: "the agent is paused",
  budget_exceeded: "over budget",
  connect_failed: "no connection",
  connect_timeout: "no connection in time",
  connection_reset: "the connection broke",
  egress_refused: "an address that may not be reached",
  first_byte_timeout: "no answer in time",
  idle_timeout: "fell silent",
  key_invalid: "the key does not hold",
  name_unresolvable: "no such host",
  protocol_error: "not an answer",
  rate_limited: "too many at once",
  run_budget_exceeded: "over the run's budget",
  run_ended: "the run had ended",
  run_stopped: "the run was stopped",
  task_paused: "the task is held",
  tls_failed: "no secure connection",
  total_timeout: "took too long",
  truncated: "broke off",
  upstream_error: "the provider failed",
};

/** `provider_outage` in words; what has none of its own is read as it is written. */
const plain = (code: string): string => (/^[a-z0-9]+(_[a-z0-9]+)*$/.test(code) ? code.replaceAll("_", " ") : code);
export const reasonWords = (reason: string): string => reasons[reason] ?? plain(reason);
export const codeWords = (code: string): string => codes[code] ?? plain(code);

export const runStates = {
  queued: "queued",
  running: "running",
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "cancelled",
  expired: "expired",
} as const;
