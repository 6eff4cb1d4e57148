import { useQuery } from "@tanstack/react-query";

import { renderedQuery } from "@/api/calls";

type Said = { messages: { role: string; parts: { kind: string; text?: string | null }[] }[] };

/** What was asked first, which tells a conversation better than its number. */
export function FirstWords({ callId, fallback }: { callId: string; fallback: string }) {
  const { data } = useQuery({ ...renderedQuery(callId), retry: false });
  return <>{firstWords(data) ?? fallback}</>;
}

export function firstWords(rendered: Said | undefined): string | undefined {
  const asked = rendered?.messages.find((message) => message.role === "user");
  const text = asked?.parts.find((part) => part.kind === "text" && part.text)?.text?.trim();
  return text ? text.split("\n")[0]?.slice(0, 120) : undefined;
}
