import { useQuery } from "@tanstack/react-query";
import { useId } from "react";

import { agentNamesQuery } from "@/api/agents";
import { projectsQuery } from "@/api/projects";
import { providersQuery } from "@/api/providers";
import { routesQuery } from "@/api/routes";
import { TextField } from "@/components/field";
import { limits } from "@/strings/limits";

const say = limits.form;

/** Which one of its kind a limit or a budget is of, in the form as `value`: names that are known are offered while one types. */
export function ScopeValue({ scope }: { scope: string }) {
  const id = useId();
  const names = useNames(scope);
  return (
    <>
      <TextField key={scope} label={say.value} name="value" required maxLength={280} autoComplete="off" hint={say.valueHints[scope]} list={names.length > 0 ? id : undefined} />
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

function useNames(scope: string): string[] {
  const { data: agents } = useQuery({ ...agentNamesQuery, enabled: scope === "agent" });
  const { data: projects } = useQuery({ ...projectsQuery, enabled: scope === "project" });
  const { data: providers } = useQuery({ ...providersQuery, enabled: scope === "provider" });
  const { data: routes } = useQuery({ ...routesQuery, enabled: scope === "route" });
  const named: Record<string, { items: { name: string }[] } | undefined> = { agent: agents, project: projects, provider: providers, route: routes };
  return (named[scope]?.items ?? []).map(({ name }) => name);
}
