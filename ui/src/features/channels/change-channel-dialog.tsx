import { useQuery, useQueryClient } from "@tanstack/react-query";

import { changeChannel, channelKeys, notificationKindsQuery } from "@/api/channels";
import { useMay } from "@/api/may";
import type { Channel, ChannelChange } from "@/api/types";
import { KindPicker } from "@/components/channels/kind-picker";
import { kindFits } from "@/components/channels/kinds";
import { TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { channels } from "@/strings/channels";

const say = channels.form;

/** Another name, address or choice of events for a channel, or off for a while. Its address is not shown: an empty field keeps it. */
export function ChangeChannelDialog({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const client = useQueryClient();
  const { data: kinds } = useQuery(notificationKindsQuery);
  const admin = useMay("administer");
  const save = async (form: FormData) => {
    await changeChannel(channel, changeOf(channel, form, (kinds?.items ?? []).map(({ kind }) => kind), admin));
    await client.invalidateQueries({ queryKey: channelKeys.list() });
    toast({ text: say.changed, tone: "work" });
    return undefined;
  };
  return (
    <FormDialog title={say.change(channel.name)} act={say.changeAct} onClose={onClose} save={save}>
      <TextField label={say.name} name="name" required maxLength={63} autoComplete="off" defaultValue={channel.name} />
      {channel.kind !== "push" && <TextField label={say.newUrl} name="url" hint={say.urlStays(channel.shown)} autoComplete="off" />}
      {channel.shared && <KindPicker chosen={channel.kinds} />}
      <label className="flex items-center gap-2.5">
        <input type="checkbox" name="enabled" defaultChecked={channel.enabled} className="size-[15px] accent-(--accent)" />
        {say.enabled}
      </label>
      {admin && channel.kind !== "push" && (
        <label className="flex items-center gap-2.5">
          <input type="checkbox" name="allow_private" defaultChecked={channel.allow_private} className="size-[15px] accent-(--accent)" />
          {say.private}
        </label>
      )}
    </FormDialog>
  );
}

/** What differs from the channel as it was. Patterns such as `review.*` stay patterns while the same kinds are ticked. */
function changeOf(channel: Channel, form: FormData, all: string[], admin: boolean): ChannelChange {
  const url = field(form, "url").trim();
  const ticked = form.getAll("kinds").filter((each) => typeof each === "string");
  const before = [...new Set(all)].filter((kind) => channel.kinds.some((pattern) => kindFits(kind, pattern)));
  const same = ticked.length === before.length && before.every((kind) => ticked.includes(kind));
  return {
    name: field(form, "name").trim(),
    enabled: form.has("enabled"),
    ...(url ? { url } : {}),
    ...(channel.shared && !same ? { kinds: ticked } : {}),
    ...(admin && channel.kind !== "push" ? { allow_private: form.has("allow_private") } : {}),
  };
}
