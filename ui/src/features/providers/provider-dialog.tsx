import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { asProblem } from "@/api/problem";
import { changeProvider, checkedQuery, checkProvider, createProvider, providerKeys, providerKindsQuery } from "@/api/providers";
import type { Provider, ProviderKind } from "@/api/types";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { AreaField, SelectField, TextField } from "@/components/field";
import { FormActions } from "@/components/form-actions";
import { checkedTone, checkedWords } from "@/components/provider-checked";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { words } from "@/strings/common";
import { providers } from "@/strings/providers";

const say = providers.form;

type Props = { provider?: Provider; onClose: () => void };

/** A provider's secret goes in here and never comes out: an empty field keeps the stored one. What is saved is tried at once. */
export function ProviderDialog({ provider, onClose }: Props) {
  const { data: kinds, error, refetch } = useQuery(providerKindsQuery);
  return (
    <Dialog open onOpenChange={onClose} title={provider ? say.edit(provider.name) : say.create}>
      {kinds ? <ProviderForm provider={provider} kinds={kinds.items} onClose={onClose} /> : error ? <ProblemNote error={error} retry={() => void refetch()} /> : <SkeletonRows rows={3} />}
    </Dialog>
  );
}

/** What went wrong, and whether it was the secret. */
type Wrong = { words: string; secret?: boolean };

function ProviderForm({ provider, kinds, onClose }: Props & { kinds: ProviderKind[] }) {
  const client = useQueryClient();
  const [kind, setKind] = useState(provider?.kind ?? kinds[0]?.kind ?? "");
  const [wrong, setWrong] = useState<Wrong>();
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState<Provider | undefined>(provider);
  const spec = kinds.find((each) => each.kind === kind);
  const elsewhere = provider !== undefined && provider.base_url !== spec?.base_url;
  const [more, setMore] = useState(provider !== undefined && (elsewhere || provider.allow_private || provider.models !== null));
  const save = async (form: HTMLFormElement) => {
    setBusy(true);
    setWrong(undefined);
    try {
      const written = await write(saved, kind, new FormData(form));
      setSaved(written);
      await client.invalidateQueries({ queryKey: providerKeys.all });
      const checked = await checkProvider(written.name);
      client.setQueryData(checkedQuery(written).queryKey, checked);
      const tone = checkedTone(checked);
      if (tone !== "wrong") {
        toast({ text: checkedWords(checked), tone });
        onClose();
        return;
      }
      setWrong({ words: checkedWords(checked), secret: checked.outcome === "refused" });
      if (checked.outcome === "refused") form.querySelector<HTMLInputElement>("[name=secret]")?.select();
    } catch (error) {
      const { message } = asProblem(error);
      const guarded = message.includes("allow_private");
      if (guarded) setMore(true);
      // The server names the field by its name in the API; here it is a box to tick.
      setWrong({ words: guarded ? `${message.replace("; say that it is meant (allow_private) to use it", "")} ${say.privateMeant}` : message });
    }
    setBusy(false);
  };
  const address = (
    <>
      <TextField
        label={say.url}
        name="base_url"
        type="url"
        hint={spec?.base_url ? say.urlDefault(spec.base_url) : say.urlNeeded}
        required={!spec?.base_url}
        defaultValue={elsewhere ? provider.base_url : ""}
        autoComplete="off"
      />
      <label className="flex items-center gap-2.5">
        <input type="checkbox" name="allow_private" defaultChecked={provider?.allow_private} className="size-[15px] accent-(--accent)" />
        {say.private}
      </label>
    </>
  );
  return (
    <form
      className="grid gap-4"
      onInvalidCapture={() => setMore(true)}
      onSubmit={(event) => {
        event.preventDefault();
        void save(event.currentTarget);
      }}
    >
      {!saved && (
        <>
          <SelectField label={say.kind} value={kind} onChange={(event) => setKind(event.target.value)} choices={kinds.map((each) => ({ value: each.kind, label: each.title }))} />
          <TextField key={kind} label={say.name} name="name" hint={say.nameHint(kind)} defaultValue={kind.replace(/-compatible$/, "")} required autoComplete="off" maxLength={63} />
        </>
      )}
      {!spec?.base_url && address}
      <TextField
        label={say.secret}
        name="secret"
        type="password"
        hint={saved ? say.secretKeep : spec?.needs_secret ? say.secretNew : say.secretMay}
        error={wrong?.secret ? wrong.words : undefined}
        required={!saved && spec?.needs_secret}
        autoComplete="off"
        data-1p-ignore
      />
      <details open={more} onToggle={(event) => setMore(event.currentTarget.open)} className="group/more">
        <summary className="min-h-6 cursor-pointer text-s text-muted hover:text-ink pointer-coarse:min-h-10 pointer-coarse:py-2.5">{spec?.base_url ? say.more : say.moreModels}</summary>
        <div className="mt-3 grid gap-4">
          {spec?.base_url && address}
          <AreaField label={say.models} name="models" hint={say.modelsHint} rows={3} defaultValue={provider?.models?.join("\n")} />
        </div>
      </details>
      <FormActions problem={wrong && (wrong.secret ? providers.savedBut : saved && saved !== provider ? `${providers.savedBut} ${wrong.words}` : wrong.words)}>
        <Button onClick={onClose}>{saved && saved !== provider ? words.close : words.cancel}</Button>
        <Button type="submit" variant="primary" busy={busy}>
          {saved && wrong ? say.again : saved ? say.save : say.act}
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
