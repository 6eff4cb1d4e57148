import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Clock } from "lucide-react";

import { membersQuery } from "@/api/members";
import { delegateNeed, needKeys, snoozeNeed } from "@/api/needs";
import { asProblem } from "@/api/problem";
import { sessionQuery } from "@/api/session";
import type { Need } from "@/api/types";
import { IconButton } from "@/components/button";
import { Menu, MenuItem, MenuLine } from "@/components/menu";
import { toast } from "@/components/toast";
import { offered, snoozeUntil } from "@/features/needs/snooze";
import { needs as say } from "@/strings/needs";

/** Puts something off, or hands it on. */
export function LaterMenu({ need }: { need: Need }) {
  const client = useQueryClient();
  const { data: members } = useQuery(membersQuery);
  const { data: session } = useQuery(sessionQuery);
  const act = useMutation({
    mutationFn: ({ run }: { run: () => Promise<unknown>; told: string }) => run(),
    onSuccess: (_done, { told }) => toast({ text: told }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: needKeys.all }),
  });
  const others = need.kind === "mention" ? [] : (members?.items ?? []).filter((member) => member.id !== session?.member.id);
  return (
    <Menu
      label={say.putOff}
      trigger={
        <IconButton label={say.laterLabel(need.text.slice(0, 60))} className="ml-auto">
          <Clock size={14} />
        </IconButton>
      }
    >
      {offered(new Date()).map((kind) => (
        <MenuItem key={kind} onSelect={() => act.mutate({ run: () => snoozeNeed(need.key, snoozeUntil(kind, new Date()).toISOString()), told: say.putOffDone })}>
          {say.until[kind]}
        </MenuItem>
      ))}
      {others.length > 0 && (
        <>
          <MenuLine />
          <p className="px-2 pt-1 pb-1.5 text-xs text-faint">{say.handOn}</p>
          {others.map((member) => (
            <MenuItem key={member.id} onSelect={() => act.mutate({ run: () => delegateNeed(need.key, member.id), told: say.handedOn(member.name) })}>
              {member.name}
            </MenuItem>
          ))}
        </>
      )}
    </Menu>
  );
}
