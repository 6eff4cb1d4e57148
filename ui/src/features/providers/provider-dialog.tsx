import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { asProblem } from "@/api/problem";
import { changeProvider, checkProvider, createProvider, providerKeys, providerKindsQuery } from "@/api/providers";
import type { Provider, ProviderKind } from "@/api/types";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { AreaField, SelectField, TextField } from "@/components/field";
import { FormActions } from "@/components/form-actions";
import { toast } from "@/components/toast";
import { checkedTone, checkedWords } from "@/features/providers/checked";
import { field } from "@/lib/form";
import { words } from "@/strings/common";
import { providers } from "@/strings/providers";

const say = providers.form;

type Props = { provider?: Provider; onClose: () => void };

/** A provider's secret goes in here and never comes out: an empty field keeps the stored one. */
export function ProviderDialog({ provider, onClose }: Props) {
  const { data: kinds } = useQuery(providerKindsQuery);
  return (
    <Dialog open onOpenChange={onClose} title={provider ? say.edit(provider.name) : say.create}>
      {kinds && <ProviderForm provider={provider} kinds={kinds.items} onClose={onClose} />}
    </Dialog>
  );
}

function ProviderForm({ provider, kinds, onClose }: Props & { kinds: ProviderKind[] }) {
  const client = useQueryClient();
  const [kind, setKind] = useState(provider?.kind ?? kinds[0]?.kind ?? "");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState<Provider | undefined>(provider);
  const spec = kinds.find((each) => each.kind === kind);
  const save = async (form: FormData) => {
    setBusy(true);
    try {
      const written = await write(saved, kind, form);
      setSaved(written);
      await client.invalidateQueries({ queryKey: providerKeys.all });
      const checked = await checkProvider(written.name);
      const tone = checkedTone(checked);
      if (tone !== "wrong") {
        toast({ text: checkedWords(checked), tone });
        onClose();
        return;
      }
      setProblem(`${providers.savedBut} ${checkedWords(checked)}`);
      setBusy(false);
    } catch (error) {
      const { message } = asProblem(error);
      // The server names the field by its name in the API; here it is a box to tick.
      setProblem(message.includes("allow_private") ? `${message.replace("; say that it is meant (allow_private) to use it", "")} ${say.privateMeant}` : message);
      setBusy(false);
    }
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void save(new FormData(event.currentTarget));
      }}
    >
      {!saved && (
        <>
          <SelectField label={say.kind} value={kind} onChange={(event) => setKind(event.target.value)} choices={kinds.map((each) => ({ value: each.kind, label: each.title }))} />
          <TextField key={kind} label={say.name} name="name" hint={say.nameHint} defaultValue={kind.replace(/-compatible$/, "")} required autoComplete="off" maxLength={63} />
        </>
      )}
      <TextField
        label={say.url}
        name="base_url"
        type="url"
        hint={spec?.base_url ? say.urlDefault(spec.base_url) : say.urlNeeded}
        required={!spec?.base_url}
        defaultValue={provider && provider.base_url !== spec?.base_url ? provider.base_url : ""}
        autoComplete="off"
      />
      <TextField
        label={say.secret}
        name="secret"
        type="password"
        hint={saved ? say.secretKeep : say.secretNew}
        required={!saved && spec?.needs_secret}
        autoComplete="off"
        data-1p-ignore
      />
      <AreaField label={say.models} name="models" hint={say.modelsHint} rows={3} defaultValue={provider?.models?.join("\n")} />
      <label className="flex items-center gap-2.5">
        <input type="checkbox" name="allow_private" defaultChecked={provider?.allow_private} className="size-[15px] accent-(--accent)" />
        {say.private}
      </label>
      {problem && (
        <p role="alert" className="text-s text-wrong">
          {problem}
        </p>
      )}
      <FormActions>
        <Button onClick={onClose}>{words.cancel}</Button>
        <Button type="submit" variant="primary" busy={busy}>
          {saved ? say.save : say.act}
        </Button>
      </FormActions>
    </form>
  );
}

async function write(provider: Provider | undefined, kind: string, form: FormData): Promise<Provider> {
  const text = (name: string) => field(form, name).trim();
  const models = text("models").split(/\n/).map((line) => line.trim()).filter(Boolean);
  const shared = { allow_private: form.get("allow_private") !== null, ...(text("secret") ? { secret: text("secret") } : {}) };
  if (provider) {
    return changeProvider(provider, { ...shared, base_url: text("base_url") || null, models: models.length > 0 ? models : null });
  }
  return createProvider({
    ...shared,
    name: text("name"),
    kind,
    ...(text("base_url") ? { base_url: text("base_url") } : {}),
    ...(models.length > 0 ? { models } : {}),
  });
}
