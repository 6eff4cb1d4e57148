import type { Connect, Provider, Snippet } from "@/api/types";

export type Models = { openai: string; anthropic: string };

const USUAL: Models = { openai: "gpt-4o-mini", anthropic: "claude-haiku-4-5" };
/** These answer with no words. */
const MUTE = /embed|whisper|tts|audio|image|dall-e|moderation|rerank|ocr|realtime|transcri/;

/** Providers of which it is not known by their kind alone which models they have. */
export const untold = (providers: Provider[]): Provider[] => providers.filter((provider) => provider.models === null && !provider.problem && !["openai", "anthropic", "sandbox"].includes(provider.kind));

/** Models that this server can serve as it stands, so that the line works as copied. `byName`: there are other providers, to which a plain name could lead. */
export function modelsFor(providers: Provider[], byName = false): Models {
  const find = (kinds: RegExp): Provider | undefined => providers.find((provider) => kinds.test(provider.kind));
  const first = (provider: Provider | undefined, wanted: RegExp, usual: string): string | undefined => {
    if (!provider) return undefined;
    // A pattern such as gpt-* names no model that a line could ask for, and not every model talks.
    const named = (provider.models ?? []).filter((model) => !/[*?[]/.test(model) && !MUTE.test(model));
    const model = named.find((each) => Object.values(USUAL).includes(each)) ?? named.find((each) => wanted.test(each)) ?? named[0] ?? usual;
    return byName ? `${provider.name}/${model}` : model;
  };
  const sandbox = find(/sandbox/);
  const anthropic = find(/^anthropic/);
  const openai = find(/^openai/) ?? providers.find((provider) => !/anthropic|sandbox/.test(provider.kind));
  const small = first(openai, /mini|small|haiku|flash/, USUAL.openai);
  const claude = first(anthropic, /haiku|claude/, USUAL.anthropic);
  const echo = sandbox && `${sandbox.name}/echo`;
  // Calls in one provider's words are answered by another's model as well.
  return { openai: small ?? claude ?? echo ?? USUAL.openai, anthropic: claude ?? small ?? echo ?? USUAL.anthropic };
}

/** A snippet of the server with a real key in it, asking for a model that is served here. Pure. */
export function filled(snippet: Snippet, connect: Pick<Connect, "key_placeholder">, secret: string | undefined, models: Models): string {
  const text = snippet.text.replaceAll(/gpt-4o-mini|claude-(haiku|sonnet|opus)-\d(-\d)?/g, (usual) => (usual === USUAL.openai ? models.openai : models.anthropic));
  return secret ? text.replaceAll(connect.key_placeholder, secret) : text;
}

const FIRST = ["openclaw", "claude-code", "codex", "openai-python", "curl"];

/** Those that people ask for first, and all others. Pure. */
export function parted(snippets: Snippet[]): [first: Snippet[], rest: Snippet[]] {
  const rank = (snippet: Snippet): number => FIRST.indexOf(snippet.id);
  const first = snippets.filter((each) => rank(each) >= 0).sort((a, b) => rank(a) - rank(b));
  return [first, snippets.filter((each) => rank(each) < 0)];
}
