import { useQuery } from "@tanstack/react-query";
import { useId } from "react";

import { providersQuery } from "@/api/providers";
import { routesQuery } from "@/api/routes";
import { useTyped } from "@/components/choose/offered";
import { TextField } from "@/components/field";
import { limits } from "@/strings/limits";

const say = limits.form;

/** Which one of its kind a limit or a budget is of, in the form as `value`: names that are known are offered while one types. */
export function ScopeValue({ scope }: { scope: string }) {
  return <Value key={scope} scope={scope} />;
}

function Value({ scope }: { scope: string }) {
  const id = useId();
  const { names, typing } = useNames(scope);
  return (
    <>
      <TextField label={say.value} name="value" required maxLength={280} autoComplete="off" onChange={(event) => typing(event.target.value)} hint={say.valueHints[scope]} list={names.length > 0 ? id : undefined} />
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
function useNames(scope: string): { names: string[]; typing: (typed: string) => void } {
  const many = scope === "agent" || scope === "project";
  const { items, typing } = useTyped(scope === "project" ? "project" : "agent", many);
  const { data: providers } = useQuery({ ...providersQuery, enabled: scope === "provider" });
  const { data: routes } = useQuery({ ...routesQuery, enabled: scope === "route" });
  const named: Record<string, { items: { name: string }[] } | undefined> = { provider: providers, route: routes };
  return { names: many ? items.map(({ label }) => label) : (named[scope]?.items ?? []).map(({ name }) => name), typing };
}
