import { useQuery, useQueryClient } from "@tanstack/react-query";

import { keyKeys, setKeyRoute } from "@/api/keys";
import { asProblem } from "@/api/problem";
import { routeKeys, routesQuery } from "@/api/routes";
import type { Key } from "@/api/types";
import { SelectField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { keys } from "@/strings/agents";

const say = keys.route;
const NONE = "";

/** Which saved route calls with this key take. Routes are asked for when it is opened, and the choice is there with them. */
export function KeyRouteDialog({ of, onClose }: { of: Key; onClose: () => void }) {
  const client = useQueryClient();
  const { data: routes, error } = useQuery(routesQuery);
  const save = async (form: FormData) => {
    await setKeyRoute(of.id, field(form, "route") || null);
    await Promise.all([keyKeys.all, routeKeys.list()].map((queryKey) => client.invalidateQueries({ queryKey })));
    toast({ text: say.saved, tone: "work" });
    return undefined;
  };
  const offered = routes?.items.map(({ name, summary }) => ({ value: name, label: `${name}: ${summary}` })) ?? [];
  // More routes than a page has: the one in use is offered all the same.
  const taken = of.route && !offered.some(({ value }) => value === of.route) ? [{ value: of.route, label: of.route }] : [];
  return (
    <FormDialog title={say.title(of.name || of.hint)} act={say.act} ready={routes !== undefined} onClose={onClose} save={save}>
      {routes ? (
        <SelectField
          label={say.label}
          name="route"
          defaultValue={of.route ?? NONE}
          hint={offered.length === 0 ? say.noRoutes : say.hint}
          choices={[{ value: NONE, label: say.none }, ...taken, ...offered]}
        />
      ) : (
        <p className={error ? "text-wrong" : "text-faint"}>{error ? asProblem(error).message : say.asking}</p>
      )}
    </FormDialog>
  );
}
