import { useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Pencil, Plus, RotateCcw, Send, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";

import { channelKeys, channelsQuery, deleteChannel, replayChannel, testChannel } from "@/api/channels";
import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import type { Channel, Delivery } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import { ThisBrowser } from "@/components/channels/this-browser";
import { Chip, Dot } from "@/components/chip";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { DeclaredChip } from "@/components/declared-chip";
import { Confirm } from "@/components/dialog";
import { Page } from "@/components/page";
import { Empty } from "@/components/states";
import { toast } from "@/components/toast";
import { ChangeChannelDialog } from "@/features/channels/change-channel-dialog";
import { ChannelDialog } from "@/features/channels/channel-dialog";
import { DeliveriesDialog } from "@/features/channels/deliveries-dialog";
import { channels as say } from "@/strings/channels";

type Props = { creating: boolean; setCreating: (open: boolean) => void };

export function ChannelsPage({ creating, setCreating }: Props) {
  const { data } = useSuspenseQuery(channelsQuery);
  const client = useQueryClient();
  const [removing, setRemoving] = useState<Channel>();
  const [changing, setChanging] = useState<Channel>();
  const [looking, setLooking] = useState<Channel>();
  const settled = () => client.invalidateQueries({ queryKey: channelKeys.list() });
  const failed = (error: unknown) => toast({ text: asProblem(error).message, tone: "wrong" });
  const { mutate: attempt, variables: trying, isPending } = useMutation({ mutationFn: testChannel, onSuccess: tell, onError: failed, onSettled: settled });
  const { mutate: again } = useMutation({ mutationFn: replayChannel, onSuccess: () => toast({ text: say.replayed }), onError: failed, onSettled: settled });
  const { mutate: remove } = useMutation({ mutationFn: deleteChannel, onSuccess: () => toast({ text: say.saved }), onError: failed, onSettled: settled });
  const allowed = useMay("work");
  const columns = useMemo(
    () => channelColumns({ attempt, again, change: setChanging, remove: setRemoving, look: allowed ? setLooking : undefined, trying: isPending ? trying : undefined }).filter((column) => allowed || column.id !== "act"),
    [allowed, attempt, again, trying, isPending],
  );
  const add = allowed && (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus size={14} aria-hidden="true" /> {say.add}
    </Button>
  );
  return (
    <Page title={say.title} answer={say.answer(data.items.length, data.items.filter(isFailing).length)} actions={data.items.length > 0 && add}>
      <ThisBrowser />
      <p className="-mt-2 mb-4 text-s text-muted">
        {say.rulesHelp}{" "}
        <Link to="/notifications" className="text-accent underline underline-offset-2">
          {say.rules}
        </Link>
      </p>
      {data.items.length === 0 ? (
        <Empty title={say.empty} action={add}>
          {say.emptyHelp}
        </Empty>
      ) : (
        <DataTable label={say.title} columns={columns} rows={data.items} rowId={(channel) => channel.id} stacks />
      )}
      {changing && <ChangeChannelDialog channel={changing} onClose={() => setChanging(undefined)} />}
      {looking && <DeliveriesDialog channel={looking} onClose={() => setLooking(undefined)} />}
      {creating && <ChannelDialog onClose={() => setCreating(false)} />}
      <Confirm open={removing !== undefined} onOpenChange={(open) => !open && setRemoving(undefined)} title={say.removeTitle(removing?.name ?? "")} act={say.remove} onAct={() => removing && remove(removing.id)}>
        {say.removeHelp}
      </Confirm>
    </Page>
  );
}

function tell(delivery: Delivery): void {
  if (delivery.state === "delivered") toast({ text: say.tested, tone: "work" });
  else toast({ text: say.testFailed(delivery.last_error ?? delivery.state), tone: "wrong" });
}

const isFailing = (channel: Channel): boolean => channel.enabled && channel.last_failed_at !== null && (channel.last_ok_at === null || channel.last_failed_at > channel.last_ok_at);

type Acts = {
  attempt: (id: string) => void;
  again: (id: string) => void;
  change: (channel: Channel) => void;
  remove: (channel: Channel) => void;
  look: ((channel: Channel) => void) | undefined;
  trying: string | undefined;
};

function channelColumns({ attempt, again, change, remove, look, trying }: Acts): Column<Channel>[] {
  return [
    { id: "name", header: say.columns.name, cell: (channel) => <span className="font-[560]">{channel.name}</span> },
    { id: "to", header: say.columns.to, from: "md", cell: (channel) => <code className="text-[12px] break-all text-muted">{channel.shown}</code> },
    { id: "about", header: say.columns.about, from: "lg", cell: (channel) => <span className="text-muted">{channel.kinds.length === 0 ? say.everything : say.kindsCount(channel.kinds.length)}</span> },
    { id: "state", header: say.columns.state, cell: (channel) => <State channel={channel} look={look} /> },
    {
      id: "act",
      header: say.columns.act,
      headerHidden: true,
      align: "end",
      cell: (channel) => (
        <span className="inline-flex items-center gap-1">
          <Button size="s" busy={trying === channel.id} onClick={() => attempt(channel.id)}>
            <Send size={11} aria-hidden="true" /> <span className="max-md:sr-only">{say.test}</span>
          </Button>
          {channel.dead > 0 && (
            <Button size="s" onClick={() => again(channel.id)}>
              <RotateCcw size={11} aria-hidden="true" /> {say.replay}
            </Button>
          )}
          {channel.declared ? (
            <DeclaredChip />
          ) : (
            <>
              <IconButton label={say.changeLabel(channel.name)} onClick={() => change(channel)}>
                <Pencil size={14} />
              </IconButton>
              <IconButton label={say.removeLabel(channel.name)} onClick={() => remove(channel)} className="hover:text-wrong">
                <Trash2 size={14} />
              </IconButton>
            </>
          )}
        </span>
      ),
    },
  ];
}

function State({ channel, look }: { channel: Channel; look: ((channel: Channel) => void) | undefined }) {
  const failing = isFailing(channel);
  const word = !channel.enabled ? say.off : failing ? say.failing : channel.last_ok_at ? say.ok : say.never;
  return (
    <span className="grid gap-0.5">
      <span className="flex flex-wrap items-center gap-2">
        <Dot tone={!channel.enabled ? "idle" : failing ? "wrong" : channel.last_ok_at ? "work" : "idle"} /> {word}
        {channel.waiting > 0 && <Chip tone="wait">{say.waiting(channel.waiting)}</Chip>}
        {channel.dead > 0 && <Chip tone="wrong">{say.dead(channel.dead)}</Chip>}
      </span>
      {look && (
        <button type="button" aria-label={say.deliveries.openOf(channel.name)} onClick={() => look(channel)} className="w-fit text-left text-s text-accent hover:underline pointer-coarse:min-h-10">
          {say.deliveries.open}
        </button>
      )}
      {failing && channel.last_error && <span className="line-clamp-4 max-w-[44ch] text-s text-wrong" title={channel.last_error}>{channel.last_error}</span>}
    </span>
  );
}
