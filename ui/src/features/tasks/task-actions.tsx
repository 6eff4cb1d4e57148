import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowRight, CopyPlus, MessageSquare, Pencil, UserRound } from "lucide-react";
import { useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { assignTask, taskKeys } from "@/api/tasks";
import type { Task } from "@/api/types";
import { Button } from "@/components/button";
import { RunLever } from "@/components/lever/run-lever";
import { Menu, MenuItem, MenuLine } from "@/components/menu";
import { MessageDialog } from "@/components/message-dialog";
import { ShareButton } from "@/components/share/share-button";
import { toast } from "@/components/toast";
import { useConfirmedMove } from "@/features/tasks/confirm-move";
import { isClosed } from "@/features/tasks/is-closed";
import { EditTaskDialog } from "@/features/tasks/task-dialogs";
import { HoldButton } from "@/features/tasks/task-hold";
import { TemplateDialog } from "@/features/tasks/template-dialog";
import { draftOf } from "@/features/tasks/template-draft";
import { states } from "@/strings/common";
import { tasks } from "@/strings/tasks";
import { templates } from "@/strings/templates";

const say = tasks.page;

/** What a person can do to a task from its page. */
export function TaskActions({ task }: { task: Task }) {
  const { move, confirm } = useConfirmedMove();
  const [editing, setEditing] = useState(false);
  const [keeping, setKeeping] = useState(false);
  const [messaging, setMessaging] = useState(false);
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
        <Button onClick={() => setMessaging(true)}>
          <MessageSquare size={13} aria-hidden="true" /> {say.message}
        </Button>
      )}
      <Button onClick={() => setEditing(true)}>
        <Pencil size={13} aria-hidden="true" /> {say.edit}
      </Button>
      <HoldButton task={task} />
      <Button onClick={() => setKeeping(true)}>
        <CopyPlus size={13} aria-hidden="true" /> {templates.saveAs}
      </Button>
      <ShareButton what={{ task_id: task.id }} />
      {task.run && <RunLever run={{ id: task.run.id, state: task.run.state, agent: { id: task.run.agent_id, name: task.run.agent_name }, taskId: task.id, status: task.status }} />}
      {confirm}
      {agent && messaging && <MessageDialog agent={agent} onClose={() => setMessaging(false)} />}
      {keeping && <TemplateDialog from={draftOf(task)} onClose={() => setKeeping(false)} />}
      <EditTaskDialog task={task} open={editing} onOpenChange={setEditing} />
    </>
  );
}

function AssignMenu({ task }: { task: Task }) {
  const client = useQueryClient();
  const { data: agents } = useQuery(agentNamesQuery);
  const assign = useMutation({
    mutationFn: (agentId: string | null) => assignTask(task, agentId),
    onSuccess: (answer) => {
      client.setQueryData(taskKeys.one(answer.id), answer);
      toast({ text: answer.agent ? say.assigned(answer.ref, answer.agent.name) : say.unassigned(answer.ref) });
    },
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: taskKeys.all }),
  });
  if (isClosed(task)) return null;
  return (
    <Menu
      trigger={
        <Button>
          <UserRound size={13} aria-hidden="true" /> {say.assign}
        </Button>
      }
    >
      {(agents?.items ?? [])
        .filter((agent) => agent.desired !== "retired" && agent.id !== task.agent?.id)
        .map((agent) => (
          <MenuItem key={agent.id} onSelect={() => assign.mutate(agent.id)}>
            {agent.name}
          </MenuItem>
        ))}
      {task.agent && (
        <>
          <MenuLine />
          <MenuItem onSelect={() => assign.mutate(null)}>{say.unassign}</MenuItem>
        </>
      )}
    </Menu>
  );
}

