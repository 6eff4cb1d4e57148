import type { CallFilter } from "@/api/calls";
import { NANO } from "@/lib/format";
import type { Raw } from "@/lib/search";
import { oneOf, text } from "@/lib/search";

/** How a field is asked for: a value of its own, one of a few words, a part of a text, yes or no, from least to most. */
export type Kind = "value" | "words" | "part" | "flag" | "range";
export type Unit = "ms" | "dollars" | "bytes" | "count";
type Param = keyof CallFilter;
type Ranged = "attempts" | "duration_ms" | "first_byte_ms" | "overhead_ms" | "cost_nano" | "saved_nano" | "input_tokens" | "output_tokens" | "cache_read_tokens" | "cache_write_tokens" | "reasoning_tokens" | "request_size" | "response_size";

export type Spec = { kind: "value" | "part" | "flag"; param: Param } | { kind: "words"; param: Param; choices: readonly string[] } | { kind: "range"; param: Ranged; unit: Unit };

/** By the name a field has in the address of the page. */
export const FIELDS = {
  agent: { kind: "value", param: "agent_id" },
  key: { kind: "value", param: "key_id" },
  task: { kind: "value", param: "task_id" },
  project: { kind: "value", param: "project_id" },
  goal: { kind: "value", param: "goal_id" },
  person: { kind: "value", param: "accountable_id" },
  run: { kind: "value", param: "run_id" },
  conversation: { kind: "value", param: "conversation_id" },
  tag: { kind: "value", param: "tag" },
  attribution: { kind: "words", param: "attribution", choices: ["run_key", "header", "clawrouter", "portkey", "session_header", "trace", "session", "only_run", "adopted", "unclaimed"] },
  session: { kind: "value", param: "session" },
  trace: { kind: "value", param: "trace_id" },
  client: { kind: "part", param: "client" },

  model: { kind: "value", param: "model" },
  asked: { kind: "value", param: "model_asked" },
  answered: { kind: "value", param: "model_answered" },
  provider: { kind: "value", param: "provider" },
  kind: { kind: "value", param: "provider_kind" },
  route: { kind: "value", param: "route" },
  dialect: { kind: "value", param: "dialect" },
  endpoint: { kind: "value", param: "endpoint" },
  stream: { kind: "flag", param: "stream" },
  tier: { kind: "value", param: "service_tier" },
  type: { kind: "value", param: "response_type" },
  bodies: { kind: "words", param: "body_mode", choices: ["full", "redacted", "none"] },
  sent: { kind: "range", param: "request_size", unit: "bytes" },
  received: { kind: "range", param: "response_size", unit: "bytes" },

  outcome: { kind: "words", param: "outcome", choices: ["ok", "failed", "error", "cut", "cancelled", "refused"] },
  status: { kind: "value", param: "status" },
  error: { kind: "value", param: "error_code" },
  says: { kind: "part", param: "error_message" },
  stop: { kind: "value", param: "stop_reason" },
  cache: { kind: "words", param: "cache", choices: ["hit", "semantic-hit", "miss", "semantic-miss", "refresh"] },
  tried: { kind: "words", param: "tried", choices: ["retry", "fallback", "hedge"] },
  attempts: { kind: "range", param: "attempts", unit: "count" },
  mark: { kind: "words", param: "mark", choices: ["looped", "duplicate", "blocked"] },
  took: { kind: "range", param: "duration_ms", unit: "ms" },
  first: { kind: "range", param: "first_byte_ms", unit: "ms" },
  ours: { kind: "range", param: "overhead_ms", unit: "ms" },

  cost: { kind: "range", param: "cost_nano", unit: "dollars" },
  unpriced: { kind: "flag", param: "unpriced" },
  usage: { kind: "words", param: "usage_source", choices: ["provider", "estimated", "none"] },
  saved: { kind: "range", param: "saved_nano", unit: "dollars" },
  in: { kind: "range", param: "input_tokens", unit: "count" },
  out: { kind: "range", param: "output_tokens", unit: "count" },
  cached: { kind: "range", param: "cache_read_tokens", unit: "count" },
  written: { kind: "range", param: "cache_write_tokens", unit: "count" },
  reasoning: { kind: "range", param: "reasoning_tokens", unit: "count" },
} as const satisfies Record<string, Spec>;

export type FieldName = keyof typeof FIELDS;
export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];
export const GROUPS: { id: "whose" | "wire" | "came" | "money"; fields: FieldName[] }[] = [
  { id: "came", fields: FIELD_NAMES.slice(FIELD_NAMES.indexOf("outcome"), FIELD_NAMES.indexOf("cost")) },
  { id: "money", fields: FIELD_NAMES.slice(FIELD_NAMES.indexOf("cost")) },
  { id: "wire", fields: FIELD_NAMES.slice(FIELD_NAMES.indexOf("model"), FIELD_NAMES.indexOf("outcome")) },
  { id: "whose", fields: FIELD_NAMES.slice(0, FIELD_NAMES.indexOf("model")) },
];

export const specOf = (name: FieldName): Spec => FIELDS[name];
export type FieldValues = Partial<Record<FieldName, string | undefined>>;

const NUMBER = String.raw`\d{1,15}(?:\.\d{1,9})?`;
const RANGE = new RegExp(`^(${NUMBER})?\\.\\.(${NUMBER})?$`);
const STATUSES = /^[1-5]xx$/;
export type Bounds = { least?: number; most?: number };

/** `5..20`, `5..` or `..20`. Undefined where it is no range. Pure. */
export function parseRange(value: string): Bounds | undefined {
  const found = RANGE.exec(value);
  if (!found || (found[1] === undefined && found[2] === undefined)) return undefined;
  const bounds: Bounds = { ...(found[1] === undefined ? {} : { least: Number(found[1]) }), ...(found[2] === undefined ? {} : { most: Number(found[2]) }) };
  return bounds.least !== undefined && bounds.most !== undefined && bounds.least > bounds.most ? undefined : bounds;
}

export const writeRange = ({ least, most }: Bounds): string => `${least ?? ""}..${most ?? ""}`;

/** A field's value as it may stand; undefined where it cannot be. Pure. */
export function fieldValue(name: FieldName, raw: unknown): string | undefined {
  const spec = specOf(name);
  const value = text(raw)?.slice(0, 500);
  if (value === undefined) return undefined;
  if (spec.kind === "words") return oneOf(value, spec.choices);
  if (spec.kind === "flag") return oneOf(value, ["yes", "no"] as const);
  if (spec.kind === "range") return parseRange(value) && value;
  if (name === "status") return STATUSES.test(value) || /^\d{1,3}$/.test(value) ? value : undefined;
  return value;
}

export const fieldValues = (raw: Raw): FieldValues => Object.fromEntries(FIELD_NAMES.map((name) => [name, fieldValue(name, raw[name])]));

const UNITS: Record<Unit, number> = { ms: 1, count: 1, bytes: 1, dollars: NANO };

/** The server's parameters for the fields of an address. Pure. */
export function fieldFilter(values: FieldValues): CallFilter {
  const filter: Record<string, string | number | boolean> = {};
  for (const name of FIELD_NAMES) {
    const value = values[name];
    const spec = specOf(name);
    if (!value) continue;
    if (spec.kind === "range") {
      const bounds = parseRange(value);
      const of = (bound: number) => (spec.unit === "ms" ? bound : Math.round(bound * UNITS[spec.unit]));
      if (bounds?.least !== undefined) filter[`min_${spec.param}`] = of(bounds.least);
      if (bounds?.most !== undefined) filter[`max_${spec.param}`] = of(bounds.most);
    } else if (spec.kind === "flag") filter[spec.param] = value === "yes";
    else if (name === "status" && STATUSES.test(value)) {
      filter.min_status = Number(value.charAt(0)) * 100;
      filter.max_status = filter.min_status + 99;
    } else filter[spec.param] = name === "status" ? Number(value) : value;
  }
  return filter;
}
