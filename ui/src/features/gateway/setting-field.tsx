import { useState } from "react";

import { AreaField, TextField } from "@/components/field";
import type { Json } from "@/features/gateway/tree-edit";
import { codesIn, part, withMember } from "@/features/gateway/tree-edit";
import { gateway } from "@/strings/gateway";

const say = gateway.edit;

export type Change = (to: (node: Json) => Json) => void;
type Props = { node: Json; way: readonly string[]; label: string; hint?: string; change: Change };

const memberAt = (node: Json, way: readonly string[]): unknown => way.reduce<unknown>((value, name) => part(value)[name], node);

/** What is being typed for a value; written anew when the value becomes another one than what was typed. */
function useTyped(value: unknown, write: (value: unknown) => string, read: (text: string) => unknown) {
  const [typed, setTyped] = useState(() => write(value));
  const [known, setKnown] = useState(() => JSON.stringify(value));
  const now = JSON.stringify(value);
  if (now !== known) {
    setKnown(now);
    if (JSON.stringify(read(typed)) !== now) setTyped(write(value));
  }
  return [typed, setTyped] as const;
}

/** Any value from JSON; undefined: nothing is written, null: it is no JSON. */
function valueIn(text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A number somewhere in a node; empty takes it away. */
export function NumberSetting({ node, way, label, hint, change }: Props) {
  const value = memberAt(node, way);
  return (
    <TextField
      label={label}
      hint={hint}
      type="number"
      min={0}
      step="any"
      value={typeof value === "number" ? value : ""}
      onChange={(event) => change((node) => withMember(node, way, event.target.value === "" ? undefined : event.target.valueAsNumber))}
    />
  );
}

/** A text somewhere in a node; empty takes it away. */
export function TextSetting({ node, way, label, hint, change }: Props) {
  const value = memberAt(node, way);
  return <TextField label={label} hint={hint} value={typeof value === "string" ? value : ""} autoComplete="off" onChange={(event) => change((node) => withMember(node, way, event.target.value || undefined))} />;
}

/** Statuses with commas between them. What is no status stays in the field and out of the config. */
export function CodesSetting({ node, way, label, hint, change }: Props) {
  const value = memberAt(node, way);
  const [typed, setTyped] = useTyped(value, (value) => (Array.isArray(value) ? value.join(", ") : ""), codesIn);
  const wrong = codesIn(typed) === null;
  return (
    <TextField
      label={label}
      hint={hint}
      error={wrong ? say.noCodes : undefined}
      inputMode="numeric"
      value={typed}
      onChange={(event) => {
        setTyped(event.target.value);
        const codes = codesIn(event.target.value);
        if (codes !== null) change((node) => withMember(node, way, codes));
      }}
    />
  );
}

/** Any value as JSON. What is no JSON yet stays in the field and out of the config. */
export function JsonSetting({ node, way, label, hint, change }: Props) {
  const value = memberAt(node, way);
  const [typed, setTyped] = useTyped(value, (value) => (value === undefined ? "" : JSON.stringify(value, null, 1)), valueIn);
  const wrong = valueIn(typed) === null;
  return (
    <AreaField
      label={label}
      hint={hint}
      error={wrong ? gateway.form.notJson : undefined}
      rows={3}
      spellCheck={false}
      className="font-mono text-[12px]"
      value={typed}
      onChange={(event) => {
        setTyped(event.target.value);
        const read = valueIn(event.target.value);
        if (read !== null) change((node) => withMember(node, way, read));
      }}
    />
  );
}
