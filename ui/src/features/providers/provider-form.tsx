import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { asProblem } from "@/api/problem";
import { changeProvider, checkedQuery, createProvider, providerKeys, providersQuery } from "@/api/providers";
import type { Provider, ProviderKind } from "@/api/types";
import { Button } from "@/components/button";
import { AreaField, SelectField, TextField } from "@/components/field";
import { FormActions } from "@/components/form-actions";
import type { ProviderProblem } from "@/components/provider-checked";
import { checkedTone, checkedWords } from "@/components/provider-checked";
import { toast } from "@/components/toast";
import { freeName, isPrivate, kindOfKey } from "@/features/providers/key-kinds";
import { field } from "@/lib/form";
import { showWrongField } from "@/lib/wrong-field";
import { words } from "@/strings/common";
import { providers } from "@/strings/providers";

const say = providers.form;

type Props = { provider: Provider | undefined; problem?: ProviderProblem | undefined; kinds: ProviderKind[]; onClose?: (() => void) | undefined };

/** What a provider is. Without `onClose` it stands in place: the key is what is asked for, all else has a good beginning. */
export function ProviderForm({ provider, problem, kinds, onClose }: Props) {
  const client = useQueryClient();
  const { data: others } = useQuery(providersQuery);
  const [kind, setKind] = useState(provider?.kind ?? kinds[0]?.kind ?? "");
  // Then it is not guessed: a proxy's key may begin as another provider's.
  const [chosen, setChosen] = useState(false);
  const [wrong, setWrong] = useState(problem);
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState<Provider | undefined>(provider);
  const spec = kinds.find((each) => each.kind === kind);
  const elsewhere = provider !== undefined && provider.base_url !== spec?.base_url;
  const brief = !onClose;
  const [more, setMore] = useState(provider !== undefined && (brief ? problem?.secret === false : elsewhere || provider.allow_private || provider.models !== null));
  const [meant, setMeant] = useState(provider?.allow_private ?? false);
  const save = async (form: HTMLFormElement) => {
    setBusy(true);
    setWrong(undefined);
    try {
      const written = await write(saved, kind, new FormData(form));
      setSaved(written);
      // Whoever shows the list, which the server says has changed, asks the same: together that is one question.
      const checked = await client.query({ ...checkedQuery(written), staleTime: 0 });
      await client.invalidateQueries({ queryKey: providerKeys.all });
      const tone = checkedTone(checked);
      if (tone !== "wrong") {
        if (!brief) toast({ text: checkedWords(checked), tone });
        onClose?.();
        return;
      }
      setWrong({ words: checkedWords(checked), secret: checked.outcome === "refused" });
      if (checked.outcome === "refused") form.querySelector<HTMLInputElement>("[name=secret]")?.select();
    } catch (error) {
      const { message } = asProblem(error);
      const guarded = message.includes("allow_private");
      if (guarded) setMeant(true);
      setMore(true);
      // The server names the field by its name in the API; here it is a box to tick.
      setWrong({ words: guarded ? `${message.replace("; say that it is meant (allow_private) to use it", "")} ${say.privateMeant}` : message, secret: false });
      // The field may just have come into sight.
      requestAnimationFrame(() => (guarded ? form.querySelector<HTMLInputElement>("[name=allow_private]")?.focus() : showWrongField(form, asProblem(error))));
    }
    setBusy(false);
  };
  const choose = (next: string) => {
    setKind(next);
    setChosen(true);
  };
  const name = <TextField key={`${kind}-name`} label={say.name} name="name" hint={say.nameHint(kind)} defaultValue={freeName(kind, others?.items.map((each) => each.name) ?? [])} required autoComplete="off" maxLength={63} />;
  const address = (
    <>
      <TextField
        label={say.url}
        name="base_url"
        type="url"
        hint={spec?.base_url ? say.urlDefault(spec.base_url) : say.urlNeeded}
        required={!spec?.base_url}
        defaultValue={elsewhere ? provider.base_url : ""}
        onChange={(event) => !meant && isPrivate(event.target.value) && setMeant(true)}
        autoComplete="off"
      />
      {(meant || !brief) && (
        <label className="flex items-center gap-2.5">
          <input type="checkbox" name="allow_private" defaultChecked={provider?.allow_private} className="size-[15px] accent-(--accent)" />
          {say.private}
        </label>
      )}
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
      {!saved && <SelectField label={say.kind} value={kind} onChange={(event) => choose(event.target.value)} choices={kinds.map((each) => ({ value: each.kind, label: each.title }))} />}
      {!saved && !brief && name}
      {!spec?.base_url && address}
      <TextField
        label={say.secret}
        name="secret"
        type="password"
        hint={saved ? say.secretKeep : spec?.needs_secret ? say.secretNew : say.secretMay}
        error={wrong?.secret ? wrong.words : undefined}
        required={!saved && spec?.needs_secret}
        autoComplete="off"
        autoFocus={brief}
        data-1p-ignore
        onChange={(event) => {
          const found = kindOfKey(event.target.value);
          if (!saved && !chosen && found && kinds.some((each) => each.kind === found)) setKind(found);
        }}
      />
      <details open={more} onToggle={(event) => setMore(event.currentTarget.open)} className="group/more">
        <summary className="min-h-6 cursor-pointer text-s text-muted hover:text-ink pointer-coarse:min-h-10 pointer-coarse:py-2.5">{brief ? say.moreBrief : spec?.base_url ? say.more : say.moreModels}</summary>
        <div className="mt-3 grid gap-4">
          {!saved && brief && name}
          {spec?.base_url && address}
          {!brief && <AreaField label={say.models} name="models" hint={say.modelsHint} rows={3} defaultValue={provider?.models?.join("\n")} />}
        </div>
      </details>
      <FormActions alone={brief} problem={wrong && (wrong.secret ? (brief ? undefined : providers.savedBut) : saved && saved !== provider && !brief ? `${providers.savedBut} ${wrong.words}` : wrong.words)}>
        {onClose && <Button onClick={onClose}>{saved && saved !== provider ? words.close : words.cancel}</Button>}
        <Button type="submit" variant="primary" busy={busy}>
          {busy ? say.testing : saved && wrong ? say.again : saved ? say.save : brief ? say.actBrief : say.act}
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
    const asked = form.has("models") ? { models: models.length > 0 ? models : null } : {};
    return changeProvider(provider, { ...shared, ...asked, base_url: text("base_url") || null });
  }
  return createProvider({
    ...shared,
    name: text("name"),
    kind,
    ...(text("base_url") ? { base_url: text("base_url") } : {}),
    ...(models.length > 0 ? { models } : {}),
  });
}
