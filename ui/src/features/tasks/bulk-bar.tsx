import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ArrowRight, Flag, Tag, UserRound, X } from "lucide-react";
import { useState } from "react";

import { asProblem } from "@/api/problem";
import { changeTasks, taskKeys } from "@/api/tasks";
import type { Bulk, Priority, TaskState } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import { ChooseMenu } from "@/components/choose/choose-menu";
import { Confirm } from "@/components/dialog";
import { Menu, MenuItem, MenuLine } from "@/components/menu";
import { givenTo } from "@/components/takers";
import { toast } from "@/components/toast";
import { useSelection } from "@/features/tasks/selection";
import { useHotkeys } from "@/lib/hotkeys";
import { priorities, states } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.bulk;
const MOVES: TaskState[] = ["backlog", "ready", "in_review", "done"];

type Act = Omit<Bulk, "task_ids">;

/** One act on all that was picked. Each task answers for itself; those that refuse stay picked, with the reason told. */
export function BulkBar() {
  const { ids, keep, clear } = useSelection();
  const client = useQueryClient();
  const [cancelling, setCancelling] = useState(false);
  const [labelling, setLabelling] = useState(false);
  const act = useMutation({
    mutationFn: (what: Act) => changeTasks({ task_ids: [...ids], ...what }),
    onSuccess: (answer) => {
      const refused = answer.items.filter((item) => item.refusal);
      const why = refused[0]?.refusal?.detail;
      toast({ text: why ? say.partly(answer.done, answer.refused, why) : say.done(answer.done), tone: why ? "wrong" : "work" });
      keep(refused.map((item) => item.task_id));
    },
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: taskKeys.all }),
  });
  useHotkeys(ids.size > 0 ? { Escape: clear } : {});
  if (ids.size === 0) return null;
  return (
    <div role="toolbar" aria-label={say.label} className="fixed inset-x-3 bottom-[68px] z-30 flex animate-rise justify-center md:bottom-4 md:left-[224px]">
      <div className="flex flex-wrap items-center gap-1.5 rounded-m border border-line-strong bg-surface p-2 shadow-float">
        <b className="num px-1.5" role="status">
          {say.picked(ids.size)}
        </b>
        <Menu
          label={tasks.moveTo}
          align="start"
          trigger={
            <Button busy={act.isPending}>
              <ArrowRight size={13} aria-hidden="true" /> {tasks.page.move}
            </Button>
          }
        >
          {MOVES.map((to) => (
            <MenuItem key={to} onSelect={() => act.mutate({ move_to: to })}>
              {states[to]}
            </MenuItem>
          ))}
          <MenuLine />
          <MenuItem danger onSelect={() => setCancelling(true)}>
            {states.cancelled}
          </MenuItem>
        </Menu>
        <ChooseMenu
          of="taker"
          label={tasks.page.assign}
          align="start"
          last={[{ id: "", label: tasks.page.unassign }]}
          onChoose={(choice) => act.mutate({ assign: givenTo(choice) })}
          trigger={
            <Button busy={act.isPending}>
              <UserRound size={13} aria-hidden="true" /> {tasks.page.assign}
            </Button>
          }
        />
        <Menu
          label={tasks.page.priority}
          align="start"
          trigger={
            <Button busy={act.isPending}>
              <Flag size={13} aria-hidden="true" /> {tasks.page.priority}
            </Button>
          }
        >
          {(Object.keys(priorities) as Priority[]).map((priority) => (
            <MenuItem key={priority} onSelect={() => act.mutate({ change: { priority } })}>
              {priorities[priority]}
            </MenuItem>
          ))}
        </Menu>
        {labelling ? (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              const label = new FormData(event.currentTarget).get("label");
              if (typeof label === "string" && label.trim()) act.mutate({ add_labels: [label.trim()] });
              setLabelling(false);
            }}
          >
            <input name="label" aria-label={say.label1} placeholder={say.label1} autoFocus autoComplete="off" onBlur={() => setLabelling(false)} className="h-[30px] w-28 pointer-coarse:h-10 rounded-s border border-field-line/60 bg-surface px-2 text-s" />
          </form>
        ) : (
          <Button onClick={() => setLabelling(true)}>
            <Tag size={13} aria-hidden="true" /> {say.addLabel}
          </Button>
        )}
        <Button onClick={() => act.mutate({ hold: true })}>{say.hold}</Button>
        <Button onClick={() => act.mutate({ hold: false })}>{say.release}</Button>
        <IconButton label={say.clear} onClick={clear}>
          <X size={14} />
        </IconButton>
      </div>
      <Confirm open={cancelling} onOpenChange={setCancelling} title={say.cancelTitle(ids.size)} act={say.cancelAct(ids.size)} keep={tasks.keepAct} onAct={() => act.mutate({ move_to: "cancelled" })}>
        {say.cancelHelp}
      </Confirm>
    </div>
  );
}
