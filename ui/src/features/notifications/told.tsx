import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { notificationKeys, readNotifications } from "@/api/notifications";
import { asProblem } from "@/api/problem";
import type { Notification } from "@/api/types";
import { Button } from "@/components/button";
import { Dot } from "@/components/chip";
import { Ago } from "@/components/figures";
import { Section } from "@/components/page";
import { toast } from "@/components/toast";
import { cx } from "@/lib/cx";
import { notifications } from "@/strings/notifications";

const say = notifications.told;

/** What one was told in the app, newest first; opening one marks it as read. */
export function Told({ items, unread }: { items: Notification[]; unread: number }) {
  const client = useQueryClient();
  const { mutate: read, isPending } = useMutation({
    mutationFn: readNotifications,
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: notificationKeys.list() }),
  });
  return (
    <Section
      title={say.title}
      aside={
        unread > 0 && (
          <Button size="s" busy={isPending} onClick={() => read(undefined)}>
            {say.readAll}
          </Button>
        )
      }
    >
      {items.length === 0 ? (
        <p className="card px-4 py-3 text-muted">{say.empty}</p>
      ) : (
        <ul aria-label={say.title} className="card divide-y divide-line">
          {items.map((item) => (
            <li key={item.id} className="grid grid-cols-[auto_minmax(0,1fr)_auto] gap-x-2.5 px-4 py-2.5">
              <span>
                <Dot tone={item.read_at ? "plain" : item.urgency === "urgent" ? "wrong" : "review"} />
              </span>
              <div className="min-w-0">
                <p className={cx("break-words", !item.read_at && "font-[560]")}>
                  <About item={item} onOpen={() => !item.read_at && read([item.id])} />
                  {item.count > 1 && <span className="font-normal text-muted"> · {say.times(item.count)}</span>}
                  {!item.read_at && <span className="sr-only"> ({say.unread})</span>}
                </p>
                {item.body && <p className="line-clamp-2 text-s break-words text-muted">{item.body}</p>}
              </div>
              <Ago at={item.at} className="text-s text-muted" />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function About({ item, onOpen }: { item: Notification; onOpen: () => void }) {
  if (!item.task_id) return <>{item.title}</>;
  return (
    <Link to="/tasks/$taskId" params={{ taskId: item.task_id }} className="hover:underline" onClick={onOpen}>
      {item.title}
    </Link>
  );
}
