import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ArrowRight, CopyPlus, Ellipsis, Hand, MessageSquare, Pencil, Share2, UserRound } from "lucide-react";
import { useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { assignTask, taskKeys } from "@/api/tasks";
import type { Task } from "@/api/types";
import { Button } from "@/components/button";
import { ChooseMenu } from "@/components/choose/choose-menu";
import { RunLever } from "@/components/lever/run-lever";
import { Menu, MenuItem, MenuLine } from "@/components/menu";
import { MessageDialog } from "@/components/message-dialog";
import { ShareDialog } from "@/components/share/share-button";
import { choiceOf, givenTo } from "@/components/takers";
import { toast } from "@/components/toast";
import { useConfirmedMove } from "@/features/tasks/confirm-move";
import { isClosed } from "@/features/tasks/is-closed";
import { EditTaskDialog } from "@/features/tasks/task-dialogs";
import { HoldTask, mayHold } from "@/features/tasks/task-hold";
import { TemplateDialog } from "@/features/tasks/template-dialog";
import { draftOf } from "@/features/tasks/template-draft";
import { states } from "@/strings/common";
import { holds } from "@/strings/holds";
import { shares } from "@/strings/shares";
import { tasks } from "@/strings/tasks";
import { templates } from "@/strings/templates";

const say = tasks.page;

type Asking = "edit" | "hold" | "keep" | "message" | "share";

/** What a person can do to a task from its page: what is done often as buttons, the rest in a menu. */
export function TaskActions({ task }: { task: Task }) {
  const { move, confirm } = useConfirmedMove();
  const [asking, setAsking] = useState<Asking>();
  const close = () => setAsking(undefined);
  const allowed = useMay("work");
  if (!allowed) return null;
  const agent = task.run ? { id: task.run.agent_id, name: task.run.agent_name } : task.agent;
  return (
    <>
      {task.allowed_moves.length > 0 && (
        <Menu
          label={tasks.moveTo}
          trigger={
            <Button>
              <ArrowRight size={13} aria-hidden="true" /> {say.move}
            </Button>
          }
        >
          {task.allowed_moves.map((to) => (
            <MenuItem key={to} danger={to === "cancelled"} onSelect={() => move(task, to)}>
              {states[to]}
            </MenuItem>
          ))}
        </Menu>
      )}
      <AssignMenu task={task} />
      {agent && (
        <Button onClick={() => setAsking("message")}>
          <MessageSquare size={13} aria-hidden="true" /> {say.message}
        </Button>
      )}
      {task.run && <RunLever run={{ id: task.run.id, state: task.run.state, agent: { id: task.run.agent_id, name: task.run.agent_name }, taskId: task.id, status: task.status }} />}
      <MoreMenu task={task} ask={setAsking} />
      {confirm}
      {agent && asking === "message" && <MessageDialog agent={agent} onClose={close} />}
      {asking === "keep" && <TemplateDialog from={draftOf(task)} onClose={close} />}
      {asking === "hold" && <HoldTask task={task} onClose={close} />}
      {asking === "share" && <ShareDialog what={{ task_id: task.id }} onClose={close} />}
      <EditTaskDialog task={task} open={asking === "edit"} onOpenChange={(open) => setAsking(open ? "edit" : undefined)} />
    </>
  );
}

function MoreMenu({ task, ask }: { task: Task; ask: (what: Asking) => void }) {
  return (
    <Menu
      trigger={
        <Button aria-label={say.more(task.ref)} title={say.more(task.ref)}>
          <Ellipsis size={14} aria-hidden="true" />
        </Button>
      }
    >
      <MenuItem onSelect={() => ask("edit")}>
        <Pencil size={13} aria-hidden="true" /> {say.edit}…
      </MenuItem>
      {mayHold(task) && (
        <MenuItem onSelect={() => ask("hold")}>
          <Hand size={13} aria-hidden="true" /> {holds.hold}…
        </MenuItem>
      )}
      <MenuLine />
      <MenuItem onSelect={() => ask("share")}>
        <Share2 size={13} aria-hidden="true" /> {shares.share}…
      </MenuItem>
      <MenuItem onSelect={() => ask("keep")}>
        <CopyPlus size={13} aria-hidden="true" /> {templates.saveAs}…
      </MenuItem>
    </Menu>
  );
}

function AssignMenu({ task }: { task: Task }) {
  const client = useQueryClient();
  const mine = choiceOf({ agent_id: task.assigned ? task.agent?.id : null, squad_id: task.squad?.id });
  const assign = useMutation({
    mutationFn: (choice: string) => assignTask(task, givenTo(choice)),
    onSuccess: (answer) => {
      client.setQueryData(taskKeys.one(answer.id), answer);
      toast({ text: answer.squad ? say.offered(answer.ref, answer.squad.name) : answer.agent ? say.assigned(answer.ref, answer.agent.name) : say.unassigned(answer.ref) });
    },
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: taskKeys.all }),
  });
  if (isClosed(task)) return null;
  return (
    <ChooseMenu
      of="taker"
      label={say.assignTo}
      without={[mine, task.agent?.id]}
      {...((task.agent ?? task.squad) ? { last: [{ id: "", label: say.unassign }] } : {})}
      none={say.noOther}
      onChoose={assign.mutate}
      trigger={
        <Button>
          <UserRound size={13} aria-hidden="true" /> {say.assign}
        </Button>
      }
    />
  );
}
