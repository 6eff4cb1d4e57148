import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Clock } from "lucide-react";
import { useState } from "react";

import { choicesQuery } from "@/api/choices";
import { delegateNeed, needKeys, snoozeNeed } from "@/api/needs";
import { asProblem } from "@/api/problem";
import { sessionQuery } from "@/api/session";
import type { Named, Need } from "@/api/types";
import { IconButton } from "@/components/button";
import { ChooseField } from "@/components/choose/choose-field";
import { FormDialog } from "@/components/form-dialog";
import { Menu, MenuItem, MenuLine } from "@/components/menu";
import { toast } from "@/components/toast";
import { offered, snoozeUntil } from "@/features/needs/snooze";
import { field } from "@/lib/form";
import { needs as say } from "@/strings/needs";

/** Puts something off, or hands it on. */
export function LaterMenu({ need }: { need: Need }) {
  const client = useQueryClient();
  const { data: people } = useQuery({ ...choicesQuery("person"), enabled: need.kind !== "mention" });
  const { data: session } = useQuery(sessionQuery);
  const act = useMutation({
    mutationFn: ({ run }: { run: () => Promise<unknown>; told: string }) => run(),
    onSuccess: (_done, { told }) => toast({ text: told }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: needKeys.all }),
  });
  const others = (people?.items ?? []).filter((each) => each.id !== session?.member.id);
  const [looking, setLooking] = useState(false);
  return (
    <>
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
            {people?.more && <MenuItem onSelect={() => setLooking(true)}>{say.someoneElse}</MenuItem>}
          </>
        )}
      </Menu>
      {looking && <HandOnDialog need={need} without={session?.member.id} onClose={() => setLooking(false)} />}
    </>
  );
}

/** Of more people than the menu names, the one is found by typing. */
function HandOnDialog({ need, without, onClose }: { need: Need; without: string | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [to, setTo] = useState<Named>();
  const save = async (form: FormData) => {
    await delegateNeed(need.key, field(form, "to"));
    toast({ text: say.handedOn(to?.name ?? "") });
    await client.invalidateQueries({ queryKey: needKeys.all });
    return undefined;
  };
  return (
    <FormDialog title={say.handOn} act={say.handOnAct} onClose={onClose} save={save}>
      <ChooseField of="person" label={say.handOnTo} name="to" required none={say.handOnChoose} without={[without]} onChoose={(id, name) => setTo(id ? { id, name } : undefined)} />
    </FormDialog>
  );
}
