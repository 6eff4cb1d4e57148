import { useInfiniteQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link2, Pencil, Plus, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";

import { grantable, useMay } from "@/api/may";
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
import { DeclaredChip } from "@/components/declared-chip";
import { Dialog } from "@/components/dialog";
import { TextField } from "@/components/field";
import { MoreRows } from "@/components/more-rows";
import { Section } from "@/components/page";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { SubmitForm } from "@/components/submit-form";
import { toast } from "@/components/toast";
import { MemberDialog, RoleField } from "@/features/settings/member-dialog";
import { RemoveMemberDialog } from "@/features/settings/remove-member-dialog";
import { field } from "@/lib/form";
import { words } from "@/strings/common";
import { settings as say } from "@/strings/settings";

type Link = { name: string; url: string };

/** Who may come in, and how to let somebody in. */
export function Members() {
  const list = useInfiniteQuery(membersQuery);
  const rows = list.data?.pages.flatMap((page) => page.items);
  const { data: session } = useSuspenseQuery(sessionQuery);
  const [adding, setAdding] = useState(false);
  const [link, setLink] = useState<Link>();
  const [changing, setChanging] = useState<Member>();
  const [removing, setRemoving] = useState<Member>();
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
    return memberColumns(session.member, admin ? { makeLink: (member) => void make(member), change: setChanging, remove: setRemoving } : undefined);
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
      {rows ? (
        <>
          <DataTable label={say.members} columns={columns} rows={rows} rowId={(member) => member.id} stacks />
          <MoreRows query={list} shown={rows.length} />
        </>
      ) : list.error ? (
        <ProblemNote error={list.error} retry={() => void list.refetch()} />
      ) : (
        <SkeletonRows rows={2} />
      )}
      {adding && <AddMember mine={session.member.role} onClose={() => setAdding(false)} onMade={setLink} />}
      {changing && <MemberDialog member={changing} mine={session.member.role} onClose={() => setChanging(undefined)} />}
      {removing && rows && <RemoveMemberDialog member={removing} alone={rows.length === 1} onClose={() => setRemoving(undefined)} />}
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

function AddMember({ mine, onClose, onMade }: { mine: Role; onClose: () => void; onMade: (link: Link) => void }) {
  const client = useQueryClient();
  const submit = async (form: FormData) => {
    const member = await createMember({ name: field(form, "name"), email: field(form, "email"), role: form.get("role") as Role });
    await client.invalidateQueries({ queryKey: memberKeys.all });
    onClose();
    try {
      const { token } = await makeSignInLink(member.id);
      onMade({ name: member.name, url: linkTo(token) });
    } catch (error) {
      // They are a member already: to add them again would be refused. The link is made from their row.
      toast({ text: say.addedOnly(member.name, asProblem(error).message), tone: "wrong" });
    }
  };
  return (
    <Dialog open onOpenChange={onClose} title={say.addMember} description={say.addMemberHelp}>
      <SubmitForm act={say.addAct} onCancel={onClose} submit={submit}>
        <TextField label={say.memberColumns.name} name="name" required maxLength={100} autoComplete="off" />
        <TextField label={say.memberColumns.email} name="email" type="email" required autoComplete="off" />
        <RoleField mine={mine} initial="operator" />
      </SubmitForm>
    </Dialog>
  );
}

type Acts = { makeLink: (member: Member) => void; change: (member: Member) => void; remove: (member: Member) => void };

function memberColumns(me: Pick<Member, "id" | "role">, acts: Acts | undefined): Column<Member>[] {
  return [
    {
      id: "name",
      header: say.memberColumns.name,
      cell: (member) => (
        <span className="flex items-center gap-2.5">
          <Avatar name={member.name} />
          <span className="min-w-0">
            {member.name} {member.id === me.id && <Chip>{say.you}</Chip>}
          </span>
        </span>
      ),
    },
    { id: "email", header: say.memberColumns.email, from: "md", cell: (member) => <span className="text-muted">{member.email}</span> },
    { id: "role", header: say.memberColumns.role, cell: (member) => say.roles[member.role] },
    { id: "password", header: say.memberColumns.password, from: "lg", cell: (member) => <span className="text-muted">{member.password_set ? say.set : say.notSet}</span> },
    ...(acts ? [{ id: "act", header: say.memberColumns.act, headerHidden: true, align: "end" as const, cell: (member: Member) => <MemberActs member={member} me={me} acts={acts} /> }] : []),
  ];
}

function MemberActs({ member, me, acts }: { member: Member; me: Pick<Member, "id" | "role">; acts: Acts }) {
  if (!grantable(me.role).includes(member.role)) return null;
  return (
    <span className="inline-flex items-center gap-1">
      {member.id !== me.id && (
        <IconButton label={say.makeLinkFor(member.name)} onClick={() => acts.makeLink(member)}>
          <Link2 size={15} />
        </IconButton>
      )}
      {member.declared ? (
        <DeclaredChip title={say.declaredMember} />
      ) : (
        <>
          <IconButton label={say.edit(member.name)} onClick={() => acts.change(member)}>
            <Pencil size={14} />
          </IconButton>
          {member.id !== me.id && (
            <IconButton label={say.removeLabel(member.name)} onClick={() => acts.remove(member)} className="hover:text-wrong">
              <Trash2 size={14} />
            </IconButton>
          )}
        </>
      )}
    </span>
  );
}
