import { useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link2, Plus } from "lucide-react";
import { useMemo, useState } from "react";

import { useMay } from "@/api/may";
import { createMember, makeSignInLink, memberKeys, membersQuery } from "@/api/members";
import { asProblem } from "@/api/problem";
import { sessionQuery } from "@/api/session";
import type { Member, Role } from "@/api/types";
import { Avatar } from "@/components/avatar";
import { Button, IconButton } from "@/components/button";
import { Chip } from "@/components/chip";
import { CodeBlock } from "@/components/code-block";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Dialog } from "@/components/dialog";
import { SelectField, TextField } from "@/components/field";
import { FormActions } from "@/components/form-actions";
import { Section } from "@/components/page";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { words } from "@/strings/common";
import { settings as say } from "@/strings/settings";

type Link = { name: string; url: string };

/** Who may come in, and how to let somebody in. */
export function Members() {
  const { data } = useSuspenseQuery(membersQuery);
  const { data: session } = useSuspenseQuery(sessionQuery);
  const [adding, setAdding] = useState(false);
  const [link, setLink] = useState<Link>();
  const admin = useMay("administer");
  const columns = useMemo(() => {
    const make = async (member: Member) => {
      try {
        const { token } = await makeSignInLink(member.id);
        setLink({ name: member.name, url: linkTo(token) });
      } catch (error) {
        toast({ text: asProblem(error).message, tone: "wrong" });
      }
    };
    return memberColumns(session.member.id, admin ? (member) => void make(member) : undefined);
  }, [session, admin]);
  return (
    <Section
      title={say.members}
      aside={
        admin && (
          <Button size="s" onClick={() => setAdding(true)}>
            <Plus size={13} aria-hidden="true" /> {say.addMember}
          </Button>
        )
      }
    >
      <DataTable label={say.members} columns={columns} rows={data.items} rowId={(member) => member.id} />
      {adding && <AddMember onClose={() => setAdding(false)} onMade={setLink} />}
      {link && (
        <Dialog
          open
          onOpenChange={() => setLink(undefined)}
          title={say.linkTitle(link.name)}
          description={say.linkHelp}
          footer={
            <Button variant="primary" onClick={() => setLink(undefined)}>
              {words.done}
            </Button>
          }
        >
          <CodeBlock code={link.url} label={say.link} />
        </Dialog>
      )}
    </Section>
  );
}

const linkTo = (token: string): string => `${window.location.origin}/signin?token=${encodeURIComponent(token)}`;

const ROLES: Role[] = ["admin", "operator", "reviewer", "viewer"];

function AddMember({ onClose, onMade }: { onClose: () => void; onMade: (link: Link) => void }) {
  const client = useQueryClient();
  const [problem, setProblem] = useState<string>();
  const submit = async (form: FormData) => {
    try {
      const member = await createMember({ name: field(form, "name"), email: field(form, "email"), role: form.get("role") as Role });
      await client.invalidateQueries({ queryKey: memberKeys.all });
      const { token } = await makeSignInLink(member.id);
      onClose();
      onMade({ name: member.name, url: linkTo(token) });
    } catch (error) {
      setProblem(asProblem(error).message);
    }
  };
  return (
    <Dialog open onOpenChange={onClose} title={say.addMember} description={say.addMemberHelp}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(new FormData(event.currentTarget));
        }}
      >
        <TextField label={say.memberColumns.name} name="name" required autoFocus autoComplete="off" />
        <TextField label={say.memberColumns.email} name="email" type="email" required autoComplete="off" error={problem} />
        <SelectField label={say.memberColumns.role} name="role" defaultValue="operator" choices={ROLES.map((role) => ({ value: role, label: say.roles[role] }))} />
        <FormActions>
          <Button type="submit" variant="primary">
            {say.addAct}
          </Button>
        </FormActions>
      </form>
    </Dialog>
  );
}

function memberColumns(me: string, makeLink: ((member: Member) => void) | undefined): Column<Member>[] {
  return [
    {
      id: "name",
      header: say.memberColumns.name,
      cell: (member) => (
        <span className="flex items-center gap-2.5">
          <Avatar name={member.name} /> {member.name} {member.id === me && <Chip>{say.you}</Chip>}
        </span>
      ),
    },
    { id: "email", header: say.memberColumns.email, from: "md", cell: (member) => <span className="text-muted">{member.email}</span> },
    { id: "role", header: say.memberColumns.role, cell: (member) => say.roles[member.role] },
    { id: "password", header: say.memberColumns.password, from: "md", cell: (member) => <span className="text-muted">{member.password_set ? say.set : say.notSet}</span> },
    ...(makeLink
      ? [
          {
            id: "link",
            header: say.makeLink,
            headerHidden: true,
            align: "end" as const,
            cell: (member: Member) =>
              member.id !== me && (
                <IconButton label={say.makeLinkFor(member.name)} onClick={() => makeLink(member)}>
                  <Link2 size={15} />
                </IconButton>
              ),
          },
        ]
      : []),
  ];
}
