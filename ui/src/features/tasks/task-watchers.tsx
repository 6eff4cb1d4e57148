import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Eye, EyeOff, Plus, X } from "lucide-react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { sessionQuery } from "@/api/session";
import { taskKeys, unwatchTask, watchTask } from "@/api/tasks";
import type { Task } from "@/api/types";
import { Avatar } from "@/components/avatar";
import { Button, IconButton } from "@/components/button";
import { ChooseMenu } from "@/components/choose/choose-menu";
import { Section } from "@/components/page";
import { toast } from "@/components/toast";
import { tasks } from "@/strings/tasks";

const say = tasks.page;

type Eyes = { memberId: string; watches: boolean };

/** Who is told about a task without answering for it: anybody themselves; who works on tasks lets others watch, too. */
export function TaskWatchers({ task }: { task: Task }) {
  const client = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const allowed = useMay("work");
  const { mutate, isPending } = useMutation({
    mutationFn: ({ memberId, watches }: Eyes) => (watches ? watchTask : unwatchTask)(task.id, memberId),
    onSuccess: (answer) => client.setQueryData(taskKeys.one(answer.id), answer),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: taskKeys.all }),
  });
  const me = session?.member.id;
  const mine = task.watchers.some((each) => each.id === me);
  const Icon = mine ? EyeOff : Eye;
  return (
    <Section
      title={say.watchers}
      aside={
        <>
          {allowed && <OthersMenu task={task} pick={(memberId) => mutate({ memberId, watches: true })} />}
          {me && (
            <Button size="s" variant="quiet" busy={isPending} onClick={() => mutate({ memberId: me, watches: !mine })}>
              <Icon size={12} aria-hidden="true" /> {mine ? say.unwatch : say.watch}
            </Button>
          )}
        </>
      }
    >
      {task.watchers.length === 0 ? (
        <p className="card px-4 py-3 text-faint">{say.nobodyWatches}</p>
      ) : (
        <ul className="card grid gap-1 px-4 py-2.5">
          {task.watchers.map(({ id, name }) => (
            <li key={id} className="flex min-h-7 items-center gap-2">
              <Avatar name={name} />
              <span className="min-w-0 flex-1 wrap-anywhere">{id === me ? say.you(name) : name}</span>
              {allowed && id !== me && (
                <IconButton label={say.stopEyes(name)} onClick={() => mutate({ memberId: id, watches: false })}>
                  <X size={14} />
                </IconButton>
              )}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function OthersMenu({ task, pick }: { task: Task; pick: (memberId: string) => void }) {
  const { data: session } = useQuery(sessionQuery);
  return (
    <ChooseMenu
      of="person"
      label={say.letWatchLabel}
      without={[session?.member.id, ...task.watchers.map(({ id }) => id)]}
      none={say.nobodyElse}
      onChoose={pick}
      trigger={
        <IconButton label={say.letWatch}>
          <Plus size={14} />
        </IconButton>
      }
    />
  );
}
