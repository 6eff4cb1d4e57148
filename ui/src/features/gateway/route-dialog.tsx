import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { asProblem } from "@/api/problem";
import { createRoute, routeKeys, saveRoute } from "@/api/routes";
import type { Route } from "@/api/types";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { AreaField, TextField } from "@/components/field";
import { FormActions } from "@/components/form-actions";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { words } from "@/strings/common";
import { gateway } from "@/strings/gateway";

const say = gateway.form;

const FIRST = {
  strategy: { mode: "fallback", on_status_codes: [429, 500, 502, 503, 504] },
  targets: [{ provider: "openai" }, { provider: "anthropic", override_params: { model: "claude-haiku-4-5" } }],
};

type Props = { route?: Route; onClose: () => void };

export function RouteDialog({ route, onClose }: Props) {
  const client = useQueryClient();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const save = async (form: FormData) => {
    const config = parsed(field(form, "config"));
    if (!config) {
      setProblem(say.notJson);
      return;
    }
    setBusy(true);
    try {
      await (route ? saveRoute(route, config) : createRoute(field(form, "name").trim(), config));
      await client.invalidateQueries({ queryKey: routeKeys.list() });
      toast({ text: gateway.saved, tone: "work" });
      onClose();
    } catch (error) {
      setProblem(asProblem(error).message);
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={onClose} title={route ? say.edit(route.name) : say.create} wide>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save(new FormData(event.currentTarget));
        }}
      >
        {!route && <TextField label={say.name} name="name" hint={say.nameHint} required autoComplete="off" maxLength={63} />}
        <AreaField label={say.config} name="config" hint={say.configHint} rows={16} spellCheck={false} className="font-mono text-[12px]" defaultValue={JSON.stringify(route?.config ?? FIRST, null, 2)} error={problem} />
        <FormActions>
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button type="submit" variant="primary" busy={busy}>
            {say.save}
          </Button>
        </FormActions>
      </form>
    </Dialog>
  );
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
