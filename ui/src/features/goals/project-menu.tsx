import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Ellipsis } from "lucide-react";
import { useState } from "react";

import { asProblem } from "@/api/problem";
import { changeProject, deleteProject, holdProject, projectKeys, releaseProject } from "@/api/projects";
import type { Project } from "@/api/types";
import { IconButton } from "@/components/button";
import { Confirm } from "@/components/dialog";
import { HoldDialog } from "@/components/hold-dialog";
import { Menu, MenuItem, MenuLine } from "@/components/menu";
import { toast } from "@/components/toast";
import { goals } from "@/strings/goals";
import { holds } from "@/strings/holds";

const say = goals.projects;

type Act = { does: () => Promise<unknown>; said: string };

/** Whether there are tasks that a project would leave behind: then it is archived, not deleted. Pure. */
export const hasTasks = (project: Pick<Project, "tasks">): boolean => Object.values(project.tasks).some((count) => count > 0);

/** Holds, archives and deletes a project: what is undone by the same menu is not asked about. */
export function ProjectMenu({ project }: { project: Project }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState<"hold" | "delete">();
  const asked = () => client.invalidateQueries({ queryKey: projectKeys.all });
  const { mutate } = useMutation({
    mutationFn: ({ does }: Act) => does(),
    onSuccess: (_, { said }) => toast({ text: said, tone: "work" }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: asked,
  });
  const { name, archived_at, held_at } = project;
  const archive = (archived: boolean) => mutate({ does: () => changeProject(project, { archived }), said: archived ? say.archivedNow(name) : say.unarchivedNow(name) });
  return (
    <>
      <Menu
        trigger={
          <IconButton label={say.menu(name)}>
            <Ellipsis size={14} />
          </IconButton>
        }
      >
        {held_at ? (
          <MenuItem onSelect={() => mutate({ does: () => releaseProject(project.id), said: holds.released(name) })}>{holds.release}</MenuItem>
        ) : (
          <MenuItem onSelect={() => setAsking("hold")}>{holds.hold}…</MenuItem>
        )}
        <MenuItem onSelect={() => archive(!archived_at)}>{archived_at ? say.unarchive : say.archive}</MenuItem>
        {!hasTasks(project) && (
          <>
            <MenuLine />
            <MenuItem danger onSelect={() => setAsking("delete")}>
              {say.remove}…
            </MenuItem>
          </>
        )}
      </Menu>
      {asking === "hold" && (
        <HoldDialog name={name} help={holds.projectHelp} hold={(reason) => holdProject(project.id, reason).finally(asked)} onClose={() => setAsking(undefined)} />
      )}
      <Confirm
        open={asking === "delete"}
        onOpenChange={(open) => !open && setAsking(undefined)}
        title={say.removeTitle(name)}
        act={say.removeAct}
        onAct={() => mutate({ does: () => deleteProject(project.id), said: say.removed(name) })}
      >
        {say.removeHelp}
      </Confirm>
    </>
  );
}
