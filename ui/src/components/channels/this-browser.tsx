import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { BellRing } from "lucide-react";

import { channelKeys } from "@/api/channels";
import { notificationKeys } from "@/api/notifications";
import { asProblem } from "@/api/problem";
import { canPush, isPushOn, PushDenied, turnPushOff, turnPushOn } from "@/api/push";
import { Button } from "@/components/button";
import { toast } from "@/components/toast";
import { cx } from "@/lib/cx";
import { channels } from "@/strings/channels";

const say = channels.push;

/** Push in the browser that looks at this page: on, off, or why it cannot be. */
export function ThisBrowser({ className = "mb-5" }: { className?: string }) {
  const client = useQueryClient();
  const { data: on } = useQuery({ queryKey: [...channelKeys.all, "push"], queryFn: isPushOn });
  const { mutate, isPending } = useMutation({
    mutationFn: async () => {
      await (on ? turnPushOff() : turnPushOn());
    },
    onSuccess: () => toast({ text: on ? say.turnedOff : say.turnedOn, tone: "work" }),
    onError: (error) => toast({ text: error instanceof PushDenied ? say.denied : asProblem(error).message, tone: "wrong" }),
    onSettled: () => Promise.all([channelKeys.all, notificationKeys.preferences()].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
  const able = canPush();
  return (
    <div className={cx("card flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3", className)}>
      <BellRing size={16} aria-hidden="true" className={on ? "text-work" : "text-faint"} />
      <span className="min-w-0 flex-1 basis-[220px]">
        <b className="block font-[560]">{on ? say.isOn : say.isOff}</b>
        <span className="text-s text-muted">{able ? say.help : say.cannot}</span>
      </span>
      {able && (
        <Button busy={isPending} disabled={on === undefined} onClick={() => mutate()}>
          {on ? say.turnOff : say.turnOn}
        </Button>
      )}
    </div>
  );
}
