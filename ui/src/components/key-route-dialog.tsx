import { useQueryClient } from "@tanstack/react-query";

import { keyKeys, setKeyRoute } from "@/api/keys";
import { routeKeys } from "@/api/routes";
import type { Key, Route } from "@/api/types";
import { SelectField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { keys } from "@/strings/agents";

const say = keys.route;
const NONE = "";
const UNKNOWN = "?";

/** Which saved route calls with this key take. `now` is the one they take at present: null is none, undefined not known. */
export function KeyRouteDialog({ of, routes, now, onClose }: { of: Key; routes: Route[]; now: string | null | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const save = async (form: FormData) => {
    const chosen = field(form, "route");
    if (chosen === UNKNOWN) return undefined;
    await setKeyRoute(of.id, chosen || null);
    await Promise.all([keyKeys.all, routeKeys.list()].map((queryKey) => client.invalidateQueries({ queryKey })));
    toast({ text: say.saved, tone: "work" });
    return undefined;
  };
  return (
    <FormDialog title={say.title(of.name || of.hint)} act={say.act} onClose={onClose} save={save}>
      <SelectField
        label={say.label}
        name="route"
        defaultValue={now === undefined ? UNKNOWN : (now ?? NONE)}
        hint={say.hint}
        choices={[...(now === undefined ? [{ value: UNKNOWN, label: say.unknown }] : []), { value: NONE, label: say.none }, ...routes.map(({ name, summary }) => ({ value: name, label: `${name}: ${summary}` }))]}
      />
    </FormDialog>
  );
}
