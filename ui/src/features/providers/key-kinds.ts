/** How keys of some providers begin. A bare `sk-` is many's. */
const BEGINNINGS: [RegExp, string][] = [
  [/^sk-ant-/, "anthropic"],
  [/^sk-or-/, "openrouter"],
  [/^sk-(proj|svcacct|admin)-/, "openai"],
  [/^AIza/, "gemini"],
  [/^gsk_/, "groq"],
  [/^xai-/, "xai"],
  [/^pplx-/, "perplexity"],
  [/^csk-/, "cerebras"],
  [/^fw_/, "fireworks"],
  [/^tgp_/, "together"],
  [/^hf_/, "huggingface"],
  [/^nvapi-/, "nvidia"],
];

/** Whose key it is by how it begins; undefined where that does not tell. Pure. */
export const kindOfKey = (secret: string): string | undefined => BEGINNINGS.find(([beginning]) => beginning.test(secret.trim()))?.[1];

/** What a provider may be called where others are called so already: openai, openai-2. Pure. */
export function freeName(kind: string, taken: string[]): string {
  const name = kind.replace(/-compatible$/, "");
  if (!taken.includes(name)) return name;
  let number = 2;
  while (taken.includes(`${name}-${number}`)) number++;
  return `${name}-${number}`;
}

const PRIVATE = /^(localhost|.+\.localhost|10\.[\d.]+|127\.[\d.]+|192\.168\.[\d.]+|172\.(1[6-9]|2\d|3[01])\.[\d.]+|169\.254\.[\d.]+|\[(::1|f[cd][\da-f]*:.*|fe80:.*)\])$/i;

/** Whether an address is plainly one of a private network. Of names the server finds out. Pure. */
export function isPrivate(url: string): boolean {
  try {
    return PRIVATE.test(new URL(url).hostname);
  } catch {
    return false;
  }
}
