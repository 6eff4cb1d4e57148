import type { Provider } from "@/api/types";

export type Snippet = { id: string; name: string; file?: string; code: string };

export type Models = { openai: string; anthropic: string };

/** Models that this server can serve as it stands, so that the line works as copied. */
export function modelsFor(providers: Provider[]): Models {
  const find = (kinds: RegExp): Provider | undefined => providers.find((provider) => kinds.test(provider.kind));
  const first = (provider: Provider | undefined, wanted: RegExp): string | undefined => {
    // A pattern such as gpt-* names no model that a line could ask for.
    const named = (provider?.models ?? []).filter((model) => !/[*?[]/.test(model));
    return named.find((model) => wanted.test(model)) ?? named[0];
  };
  const sandbox = find(/sandbox/);
  const anthropic = find(/^anthropic/);
  const openai = find(/^openai/) ?? providers.find((provider) => !/anthropic|sandbox/.test(provider.kind));
  return {
    openai: first(openai, /mini|small|haiku|flash/) ?? (openai || !sandbox ? "gpt-4o-mini" : `${sandbox.name}/echo`),
    anthropic: first(anthropic, /haiku|claude/) ?? (anthropic || !sandbox ? "claude-haiku-4-5" : `${sandbox.name}/echo`),
  };
}

/** How each kind of agent is pointed at this server: a base URL and a key, nothing else. */
export function snippets(baseUrl: string, key: string, models: Models): Snippet[] {
  const base = baseUrl.replace(/\/+$/, "");
  return [
    {
      id: "openai",
      name: "OpenAI SDK",
      file: "Python",
      code: `from openai import OpenAI

client = OpenAI(base_url="${base}/v1", api_key="${key}")
answer = client.chat.completions.create(
    model="${models.openai}",
    messages=[{"role": "user", "content": "Say hello."}],
)
print(answer.choices[0].message.content)`,
    },
    {
      id: "anthropic",
      name: "Anthropic SDK",
      file: "Python",
      code: `from anthropic import Anthropic

client = Anthropic(base_url="${base}", api_key="${key}")
answer = client.messages.create(
    model="${models.anthropic}",
    max_tokens=200,
    messages=[{"role": "user", "content": "Say hello."}],
)
print(answer.content[0].text)`,
    },
    {
      id: "curl",
      name: "curl",
      code: `curl ${base}/v1/chat/completions \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "${models.openai}", "messages": [{"role": "user", "content": "Say hello."}]}'`,
    },
    {
      id: "claude-code",
      name: "Claude Code",
      code: `export ANTHROPIC_BASE_URL="${base}"
export ANTHROPIC_AUTH_TOKEN="${key}"
claude`,
    },
    {
      id: "codex",
      name: "Codex CLI",
      file: "~/.codex/config.toml",
      code: `# Then: export QUARTERDECK_KEY="${key}" && codex
model_provider = "quarterdeck"
model = "${models.openai}"

[model_providers.quarterdeck]
name = "Quarterdeck"
base_url = "${base}/v1"
env_key = "QUARTERDECK_KEY"
wire_api = "responses"`,
    },
    {
      id: "openclaw",
      name: "OpenClaw",
      file: "openclaw.json",
      code: `{
  models: {
    mode: "merge",
    providers: {
      quarterdeck: {
        baseUrl: "${base}/v1",
        apiKey: "${key}",
        api: "openai-completions",
        models: [{ id: "${models.openai}", name: "${models.openai}", input: ["text"] }],
      },
    },
  },
  agents: { defaults: { model: { primary: "quarterdeck/${models.openai}" } } },
}`,
    },
  ];
}
