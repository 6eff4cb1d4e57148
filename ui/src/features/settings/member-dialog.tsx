import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { grantable } from "@/api/may";
import { changeMember, memberKeys } from "@/api/members";
import { sessionKeys } from "@/api/session";
import type { Member, Role } from "@/api/types";
import { SelectField, TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { settings as say } from "@/strings/settings";

/** The choice of a role among those that somebody of role `mine` may give, with what it may do. */
export function RoleField({ mine, initial }: { mine: Role; initial: Role }) {
  const [role, setRole] = useState(initial);
  return (
    <SelectField
      label={say.memberColumns.role}
      name="role"
      hint={say.roleHelps[role]}
      value={role}
      onChange={(event) => setRole(event.target.value as Role)}
      choices={grantable(mine).map((value) => ({ value, label: say.roles[value] }))}
    />
  );
}

/** Gives a member another name or role. */
export function MemberDialog({ member, mine, onClose }: { member: Member; mine: Role; onClose: () => void }) {
  const client = useQueryClient();
  const save = async (form: FormData) => {
    const changed = await changeMember(member, { name: field(form, "name").trim(), role: field(form, "role") as Role });
    await Promise.all([memberKeys.all, sessionKeys.all].map((queryKey) => client.invalidateQueries({ queryKey })));
    toast({ text: say.changed(changed.name), tone: "work" });
    return undefined;
  };
  return (
    <FormDialog title={say.edit(member.name)} act={say.save} onClose={onClose} save={save}>
      <RoleField mine={mine} initial={member.role} />
      <TextField label={say.memberColumns.name} name="name" required maxLength={100} autoComplete="off" defaultValue={member.name} />
    </FormDialog>
  );
}
