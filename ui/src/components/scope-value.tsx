import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";

import { providersQuery } from "@/api/providers";
import { routesQuery } from "@/api/routes";
import { useOffered } from "@/components/choose/offered";
import { TextField } from "@/components/field";
import { useSettled } from "@/lib/use-settled";
import { limits } from "@/strings/limits";

const say = limits.form;

/** Which one of its kind a limit or a budget is of, in the form as `value`: names that are known are offered while one types. */
export function ScopeValue({ scope }: { scope: string }) {
  const id = useId();
  const [typed, setTyped] = useState("");
  const names = useNames(scope, useSettled(typed.trim(), 150));
  return (
    <>
      <TextField key={scope} label={say.value} name="value" required maxLength={280} autoComplete="off" onChange={(event) => setTyped(event.target.value)} hint={say.valueHints[scope]} list={names.length > 0 ? id : undefined} />
      {names.length > 0 && (
        <datalist id={id}>
          {names.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
    </>
  );
}

/** Of agents and projects there may be hundreds: those that are named like what is typed. */
function useNames(scope: string, typed: string): string[] {
  const many = scope === "agent" || scope === "project";
  const found = useOffered(scope === "project" ? "project" : "agent", typed, many);
  const { data: providers } = useQuery({ ...providersQuery, enabled: scope === "provider" });
  const { data: routes } = useQuery({ ...routesQuery, enabled: scope === "route" });
  if (many) return found.items.map(({ label }) => label);
  const named: Record<string, { items: { name: string }[] } | undefined> = { provider: providers, route: routes };
  return (named[scope]?.items ?? []).map(({ name }) => name);
}
