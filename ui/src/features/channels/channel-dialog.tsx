import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { channelKeys, createChannel, notificationKindsQuery } from "@/api/channels";
import type { ChannelDraft } from "@/api/types";
import { SelectField, TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { channels } from "@/strings/channels";

const say = channels.form;
type Kind = ChannelDraft["kind"];

export function ChannelDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const { data: kinds } = useQuery(notificationKindsQuery);
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
      <SelectField label={say.kind} value={kind} onChange={(event) => setKind(event.target.value as Kind)} choices={Object.entries(channels.kinds).map(([value, label]) => ({ value, label }))} />
      <TextField label={say.url} name="url" required hint={`${say.urlHints[kind]}. ${say.urlKept}`} autoComplete="off" />
      <fieldset className="grid gap-1.5">
        <legend className="text-s font-[510]">{say.about}</legend>
        <div className="scroll-quiet grid max-h-[180px] gap-1 overflow-y-auto rounded-s border border-line p-2">
          {kinds?.items.map((each) => (
            <label key={`${each.kind} ${each.title}`} className="flex items-center gap-2 text-s">
              <input type="checkbox" name="kinds" value={each.kind} className="size-[14px] accent-(--accent)" /> {each.title}
            </label>
          ))}
        </div>
        <p className="text-s text-faint">{say.aboutHint}</p>
      </fieldset>
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
