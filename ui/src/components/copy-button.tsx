import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";

import { Button } from "@/components/button";
import { toast } from "@/components/toast";
import { words } from "@/strings/common";

/** Copies a text. Outside a secure context there is no clipboard API, so a hidden field does it the old way. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.setAttribute("readonly", "");
    field.style.position = "fixed";
    field.style.opacity = "0";
    (document.querySelector("[role=dialog]") ?? document.body).append(field);
    field.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

type Props = { text: string; label?: string; variant?: "plain" | "primary" | "quiet"; size?: "m" | "s" };

export function CopyButton({ text, label = words.copy, variant = "plain", size = "s" }: Props) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_600);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    if (await copyText(text)) setCopied(true);
    else toast({ tone: "wrong", text: words.copyRefused });
  };
  return (
    <Button variant={variant} size={size} onClick={() => void copy()}>
      {copied ? <Check size={13} aria-hidden="true" /> : <Copy size={13} aria-hidden="true" />}
      <span aria-live="polite">{copied ? words.copied : label}</span>
    </Button>
  );
}
