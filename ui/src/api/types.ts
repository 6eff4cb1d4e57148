export type Page<T> = { items: T[]; next: string | null };
export type Named = { id: string; name: string };

export type Role = "owner" | "admin" | "operator" | "reviewer" | "viewer";
export type Session = {
  member: { id: string; name: string; email: string; role: Role };
  workspace: { id: string; name: string };
  csrf: string;
  password_set: boolean;
};
export type Member = { id: string; name: string; email: string; role: Role; created_at: string; password_set: boolean };

export type Desired = "enabled" | "paused" | "retired";
export type Agent = {
  id: string;
  name: string;
  description: string;
  owner: Named;
  desired: Desired;
  capacity: number;
  body_mode: string | null;
  declared: boolean;
  created_at: string;
  last_call_at: string | null;
  version: number;
  open_runs: { id: string; task_id: string; task_title: string; started_at: string | null }[];
  today: { calls: number; errors: number; cost_nano: number; unpriced_calls: number };
  last_call: { at: string; model: string; outcome: Outcome } | null;
};

export type Key = {
  id: string;
  kind: "agent" | "run" | "member";
  agent_id: string | null;
  member_id: string | null;
  run_id: string | null;
  name: string;
  hint: string;
  state: "active" | "revoked" | "ended";
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  models: string[] | null;
};
export type NewKey = Key & { secret: string };

export type TaskState = "backlog" | "ready" | "in_progress" | "in_review" | "done" | "cancelled";
export type Priority = "urgent" | "high" | "normal" | "low";
export type RunState = "queued" | "running" | "succeeded" | "failed" | "cancelled" | "expired";
export type Task = {
  id: string;
  ref: string;
  title: string;
  brief: string;
  acceptance: { text: string; met: boolean }[];
  state: TaskState;
  priority: Priority;
  agent: Named | null;
  accountable: Named;
  labels: string[];
  due_at: string | null;
  created_at: string;
  updated_at: string;
  state_since: string;
  version: number;
  allowed_moves: TaskState[];
  run: {
    id: string;
    state: RunState;
    agent_id: string;
    agent_name: string;
    attempt: number;
    started_at: string | null;
    lease_expires_at: string | null;
  } | null;
  calls: number;
  cost_nano: number;
  unpriced_calls: number;
  note: string | null;
};
export type Board = { columns: { state: TaskState; count: number; items: Task[]; next: string | null }[] };
export type Run = {
  id: string;
  task: { id: string; ref: string; title: string };
  agent: Named;
  attempt: number;
  state: RunState;
  reason: string | null;
  summary: string | null;
  note: string | null;
  percent: number | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  lease_expires_at: string | null;
  calls: number;
  errors: number;
  cost_nano: number;
  unpriced_calls: number;
};

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
  agent: Named | null;
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
};
export type Message = { role: string; parts: Part[]; new: boolean };
export type Rendered = {
  messages: Message[];
  tools: { name: string; description: string | null }[];
  params: Record<string, unknown>;
  answer: Message | null;
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

export type Provider = {
  name: string;
  kind: string;
  base_url: string;
  credential: string | null;
  declared: boolean;
  models: string[] | null;
  allow_private: boolean;
  problem: string | null;
  version: number;
};
export type ProviderKind = { kind: string; title: string; base_url: string | null; families: string[]; needs_secret: boolean };
export type Settings = {
  version: string;
  gateway: { base_url: string };
  workspace: { id: string; name: string; body_mode: string };
  retention: { bodies_days: number | null; calls_days: number | null };
  ingest: { backlog_records: number; backlog_bytes: number; lag_ms: number };
};
