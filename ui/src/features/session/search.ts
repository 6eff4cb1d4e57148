import type { Raw } from "@/lib/search";
import { text } from "@/lib/search";

export type SignInSearch = { token?: string | undefined; next?: string | undefined };

/** `next` leads back into this site only. */
export const signInSearch = (raw: Raw): SignInSearch => {
  const next = text(raw.next);
  return { token: text(raw.token), next: next && /^\/(?![/\\])/.test(next) ? next : undefined };
};
