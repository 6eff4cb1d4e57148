/** A recorded request as a line that can be run again. The key is a name in the environment, never a value. */

const KEY = "QUARTERDECK_KEY";

/** What is needed of a request. `endpoint` is its path, `body` its JSON as it was sent. */
export type Recorded = { base: string; endpoint: string; body: string };

/** For a shell. Single quotes keep everything but themselves. Pure. */
export function asCurl({ base, endpoint, body }: Recorded): string {
  return [`curl ${base}${endpoint} \\`, `  -H "authorization: Bearer $${KEY}" \\`, `  -H "content-type: application/json" \\`, ...versionOf(endpoint), `  --data-raw ${shellQuoted(body)}`].join("\n");
}

/** For Python, with the client that speaks this endpoint where there is one. Pure. */
export function asPython({ base, endpoint, body }: Recorded): string {
  const fields: unknown = JSON.parse(body);
  const call = CALLS.find(({ path }) => endpoint.endsWith(path));
  if (!call || typeof fields !== "object" || fields === null || Array.isArray(fields)) return plainPython(base, endpoint, fields);
  const known = Object.entries(fields).filter(([name]) => call.keywords.includes(name));
  const rest = Object.fromEntries(Object.entries(fields).filter(([name]) => !call.keywords.includes(name)));
  const lines = [...known.map(([name, value]) => `    ${name}=${literal(value, 4)},`), ...(Object.keys(rest).length > 0 ? [`    extra_body=${literal(rest, 4)},`] : [])];
  return [
    "import os",
    "",
    `from ${call.module} import ${call.client}`,
    "",
    `client = ${call.client}(base_url=${JSON.stringify(base + call.below)}, api_key=os.environ["${KEY}"])`,
    `answer = client.${call.verb}(`,
    ...lines,
    ")",
    "print(answer)",
    "",
  ].join("\n");
}

const CHAT = ["model", "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort", "seed", "n", "user", "metadata"];
const CALLS = [
  { path: "/chat/completions", module: "openai", client: "OpenAI", below: "/v1", verb: "chat.completions.create", keywords: CHAT },
  { path: "/responses", module: "openai", client: "OpenAI", below: "/v1", verb: "responses.create", keywords: ["model", "input", "instructions", "max_output_tokens", "temperature", "top_p", "stream", "tools", "tool_choice", "reasoning", "text", "store", "include", "metadata", "previous_response_id"] },
  { path: "/embeddings", module: "openai", client: "OpenAI", below: "/v1", verb: "embeddings.create", keywords: ["model", "input", "dimensions", "encoding_format", "user"] },
  { path: "/messages", module: "anthropic", client: "Anthropic", below: "", verb: "messages.create", keywords: ["model", "messages", "max_tokens", "system", "temperature", "top_p", "top_k", "stop_sequences", "stream", "tools", "tool_choice", "thinking", "metadata", "service_tier"] },
];

function plainPython(base: string, endpoint: string, body: unknown): string {
  return [
    "import os",
    "",
    "import httpx",
    "",
    "answer = httpx.post(",
    `    ${JSON.stringify(base + endpoint)},`,
    `    headers={"authorization": f"Bearer {os.environ['${KEY}']}"},`,
    `    json=${literal(body, 4)},`,
    "    timeout=600,",
    ")",
    "print(answer.text)",
    "",
  ].join("\n");
}

const versionOf = (endpoint: string): string[] => (endpoint.endsWith("/messages") ? [`  -H "anthropic-version: 2023-06-01" \\`] : []);

const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const pad = (by: number): string => " ".repeat(by);

/** A JSON value as Python writes it, laid out from column `at` on. Pure. */
export function literal(value: unknown, at = 0): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return pythonText(value);
  const [open, close, inner] = Array.isArray(value)
    ? ["[", "]", value.map((each) => literal(each, at + 4))]
    : ["{", "}", Object.entries(value as Record<string, unknown>).map(([name, each]) => `${pythonText(name)}: ${literal(each, at + 4)}`)];
  return inner.length === 0 ? open + close : `${open}\n${inner.map((each) => `${pad(at + 4)}${each},\n`).join("")}${pad(at)}${close}`;
}

/** JSON's escapes mean the same in Python. */
const pythonText = (text: string): string => JSON.stringify(text);
