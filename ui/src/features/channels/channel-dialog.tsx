import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { channelKeys, createChannel } from "@/api/channels";
import type { ChannelDraft } from "@/api/types";
import { KindPicker } from "@/components/channels/kind-picker";
import { SelectField, TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { toast } from "@/components/toast";
import { choicesOf, field } from "@/lib/form";
import { channels } from "@/strings/channels";

const say = channels.form;
/** Push is turned on in the browser itself. */
type Kind = Exclude<ChannelDraft["kind"], "push">;

export function ChannelDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [kind, setKind] = useState<Kind>("webhook");
  const save = async (form: FormData) => {
    const made = await createChannel({
      name: field(form, "name").trim(),
      kind,
      url: field(form, "url").trim(),
      shared: form.has("shared"),
      allow_private: form.has("allow_private"),
      kinds: form.getAll("kinds").filter((each) => typeof each === "string"),
    });
    await client.invalidateQueries({ queryKey: channelKeys.list() });
    if (made.secret) return [{ label: say.secret, code: made.secret }];
    toast({ text: channels.saved, tone: "work" });
    return undefined;
  };
  return (
    <FormDialog title={say.create} act={say.act} onClose={onClose} save={save}>
      <TextField label={say.name} name="name" required maxLength={63} autoComplete="off" />
      <SelectField label={say.kind} value={kind} onChange={(event) => setKind(event.target.value as Kind)} choices={choicesOf(channels.kinds)} />
      <TextField label={say.url} name="url" required hint={`${say.urlHints[kind]}. ${say.urlKept}`} autoComplete="off" />
      <KindPicker />
      <label className="flex items-center gap-2.5">
        <input type="checkbox" name="shared" className="size-[15px] accent-(--accent)" />
        {say.shared}
      </label>
      <label className="flex items-center gap-2.5">
        <input type="checkbox" name="allow_private" className="size-[15px] accent-(--accent)" />
        {say.private}
      </label>
    </FormDialog>
  );
}
