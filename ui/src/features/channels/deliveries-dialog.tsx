import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";

import { channelKeys, deliveriesQuery, notificationKindsQuery, replayDelivery } from "@/api/channels";
import { asProblem } from "@/api/problem";
import type { Channel, Delivery } from "@/api/types";
import { Button } from "@/components/button";
import { Dot } from "@/components/chip";
import { Dialog } from "@/components/dialog";
import { Ago, Due } from "@/components/figures";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { channels } from "@/strings/channels";

const say = channels.deliveries;
const TONES = { delivered: "work", pending: "wait", dead: "wrong" } as const;

/** What went through a channel lately, is on its way, or was given up; newest first. */
export function DeliveriesDialog({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const { data, error, refetch } = useQuery(deliveriesQuery(channel.id));
  const { data: kinds } = useQuery(notificationKindsQuery);
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: (delivery: Delivery) => replayDelivery(delivery),
    onSuccess: () => toast({ text: say.again }),
    onError: (problem) => toast({ text: asProblem(problem).message, tone: "wrong" }),
    onSettled: () => Promise.all([channelKeys.list(), channelKeys.deliveries(channel.id)].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
  const nameOf = (kind: string): string => kinds?.items.find((each) => each.kind === kind)?.name ?? say.kinds[kind] ?? kind;
  return (
    <Dialog open onOpenChange={onClose} title={say.title(channel.name)} wide>
      {error && !data ? (
        <ProblemNote error={error} retry={() => void refetch()} />
      ) : !data ? (
        <SkeletonRows rows={3} />
      ) : data.items.length === 0 ? (
        <p className="text-muted">{say.none}</p>
      ) : (
        <>
          <ul aria-label={say.title(channel.name)} className="divide-y divide-line">
            {data.items.map((delivery) => (
              <li key={delivery.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2.5">
                <Dot tone={TONES[delivery.state]} />
                <span className="min-w-0 flex-1 basis-[200px]">
                  <span className="block">
                    {nameOf(delivery.kind)} <Ago at={delivery.created_at} className="text-s text-faint" />
                  </span>
                  <Went delivery={delivery} />
                </span>
                {delivery.state === "dead" && (
                  <Button size="s" busy={again.isPending && again.variables.id === delivery.id} onClick={() => again.mutate(delivery)}>
                    <RotateCcw size={11} aria-hidden="true" /> {channels.replay}
                  </Button>
                )}
              </li>
            ))}
          </ul>
          {data.next && <p className="mt-2 text-s text-faint">{say.more(data.items.length)}</p>}
        </>
      )}
    </Dialog>
  );
}

/** How it went: its state, the answer, and what went wrong in the receiver's words. */
function Went({ delivery }: { delivery: Delivery }) {
  const { state, attempts, last_status: status, last_error: error, next_at: next } = delivery;
  return (
    <span className="block text-s text-muted">
      {say.states[state]}
      {attempts > 1 && `, ${say.attempts(attempts)}`}
      {status !== null && `, ${say.answered(status)}`}
      {state === "pending" && attempts > 0 && next && (
        <>
          {", "}
          {say.next} <Due at={next} />
        </>
      )}
      {state !== "delivered" && error && <span className="block break-words text-wrong">{error}</span>}
    </span>
  );
}
