import type { components } from "@/api/schema.gen";

type Schemas = components["schemas"];

export type Page<T> = { items: T[]; next: string | null };

export type Session = Schemas["SessionOut"];
export type Member = Schemas["MemberOut"];
export type Role = Schemas["Role"];

export type Agent = Schemas["AgentOut"];
export type Desired = Schemas["Desired"];
export type AgentDraft = Schemas["AgentIn"];
export type AgentChange = Schemas["AgentPatch"];
export type Key = Schemas["KeyOut"];
export type NewKey = Schemas["IssuedOut"];

export type Task = Schemas["TaskOut"];
export type TaskState = Schemas["TaskState"];
export type Priority = Task["priority"];
export type TaskDraft = Schemas["TaskIn"];
export type TaskChange = Schemas["TaskPatch"];
export type Board = Schemas["BoardOut"];
export type Run = Schemas["RunOut"];
export type RunState = Schemas["RunState"];

export type Provider = Schemas["ProviderOut"];
export type ProviderKind = Schemas["KindOut"];
export type ProviderDraft = Schemas["ProviderIn"];
export type ProviderChange = Schemas["ProviderPatch"];
export type Settings = Schemas["SettingsOut"];

export type Outcome = "ok" | "error" | "cut" | "cancelled" | "refused";
export type Usage = {
  input_total: number;
  cache_read: number;
  cache_write_5m: number;
  cache_write_1h: number;
  output_total: number;
  reasoning: number;
  audio_in: number;
  audio_out: number;
  server_tools: Record<string, number>;
};
export type Call = {
  id: string;
  started_at: string;
  agent: { id: string; name: string } | null;
  task: { id: string; ref: string; title: string } | null;
  run_id: string | null;
  key_id: string | null;
  attribution: string;
  dialect: string;
  endpoint: string;
  provider: string | null;
  model_asked: string;
  model: string | null;
  model_answered: string | null;
  stream: boolean;
  status: number;
  outcome: Outcome;
  error_code: string | null;
  error_message: string | null;
  duration_ms: number;
  first_byte_ms: number | null;
  overhead_ms: number;
  usage: Usage | null;
  usage_source: "provider" | "estimated" | "none";
  cost_nano: number | null;
  attempt_count: number;
  conversation_id: string | null;
  client: string | null;
  tags: Record<string, string>;
  request_size: number;
  response_size: number;
  body_mode: string;
};
export type Attempt = {
  provider: string;
  model: string;
  status: number | null;
  error: string | null;
  began_ms: number;
  first_byte_ms: number | null;
  ended_ms: number;
};
export type CallDetail = Call & {
  attempts: Attempt[];
  price: { source: string; version: string; units: Record<string, number> } | null;
  request_headers: [string, string][];
  response_headers: [string, string][];
  trace_id: string | null;
  session: string | null;
};
export type Part = {
  kind: string;
  text?: string | null;
  name?: string | null;
  arguments?: unknown;
  id?: string | null;
  media_type?: string | null;
  url?: string | null;
  size?: number | null;
  is_error?: boolean | null;
  raw?: unknown;
};
export type Message = { role: string; parts: Part[]; new: boolean };
export type Rendered = {
  messages: Message[];
  tools: { name: string; description: string | null }[];
  params: Record<string, unknown>;
  answer: Message[] | null;
  timeline: [number, number][] | null;
};

export type CostSums = {
  calls: number;
  errors: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cost_nano: number;
  unpriced_calls: number;
  estimated_calls: number;
};
export type CostBucket = CostSums & { at: string; value: string | null; label: string };
export type Costs = { buckets: CostBucket[]; totals: CostSums };
