import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Waypoints } from "lucide-react";
import { useMemo, useState } from "react";

import { keyKeys, revokeKey, rotateKey } from "@/api/keys";
import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import type { Key, Named } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import { Chip } from "@/components/chip";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Confirm, Dialog } from "@/components/dialog";
import { Ago, Due } from "@/components/figures";
import { KeyRouteDialog } from "@/components/key-route-dialog";
import { KeySecret } from "@/components/key-secret";
import { Segmented } from "@/components/segmented";
import { toast } from "@/components/toast";
import { keys as say } from "@/strings/agents";
import { words } from "@/strings/common";

type Asked = { act: "revoke" | "rotate" | "route"; key: Key };

type Group = "lasting" | "runs" | "gone";
const GROUPS: Group[] = ["lasting", "runs", "gone"];

/** Keys of runs come and go with them; apart, so that those which last can be seen. */
function groupOf(key: Key): Group {
  if (key.state !== "active") return "gone";
  return key.kind === "run" ? "runs" : "lasting";
}

type Shown = Exclude<Group, "lasting"> | undefined;
type Props = {
  keys: Key[];
  named?: Named[];
  /** There are older ones than these. */
  cut: boolean;
  /** Which are shown, where the page's address holds it. */
  group?: Shown;
  show?: (group: Shown) => void;
};

/** Keys with what can be done to them. With `named`, agents and members, says whose each is. */
export function KeysTable({ keys, named, cut, ...shows }: Props) {
  const [asked, setAsked] = useState<Asked>();
  const [secret, setSecret] = useState<string>();
  const [own, setOwn] = useState<Shown>();
  const group = (shows.show ? shows.group : own) ?? "lasting";
  const setGroup = (next: Group) => (shows.show ?? setOwn)(next === "lasting" ? undefined : next);
  const client = useQueryClient();
  const settled = () => client.invalidateQueries({ queryKey: keyKeys.all });
  const onError = (error: unknown) => toast({ text: asProblem(error).message, tone: "wrong" });
  const revoke = useMutation({ mutationFn: revokeKey, onSettled: settled, onError, onSuccess: () => toast({ text: say.revoked }) });
  const rotate = useMutation({ mutationFn: rotateKey, onSettled: settled, onError, onSuccess: (key) => setSecret(key.secret) });
  const shown = keys.filter((key) => groupOf(key) === group);
  const groups = GROUPS.map((value) => ({ value, label: say.groups[value], count: keys.filter((key) => groupOf(key) === value).length }));
  const allowed = useMay("operate");
  const columns = useMemo(() => keyColumns(named, allowed ? setAsked : undefined), [named, allowed]);
  return (
    <div className="grid gap-2">
      {groups.some(({ value, count }) => value !== "lasting" && count > 0) && (
        <div className="scroll-quiet overflow-x-auto">
          <Segmented label={say.columns.state} value={group} onChange={setGroup} options={groups} />
        </div>
      )}
      {shown.length === 0 ? (
        <p className="card px-4 py-3 text-faint">{say.noneHere}</p>
      ) : (
        <DataTable label={say.title} columns={columns} rows={shown} rowId={(key) => key.id} />
      )}
      {cut && <p className="text-s text-faint">{say.cut(keys.length)}</p>}
      <Confirm
        open={asked !== undefined && asked.act !== "route"}
        onOpenChange={(open) => !open && setAsked(undefined)}
        title={asked?.act === "rotate" ? say.rotateTitle : say.revokeTitle}
        act={asked?.act === "rotate" ? say.rotate : say.revoke}
        onAct={() => asked && (asked.act === "rotate" ? rotate : revoke).mutate(asked.key.id)}
      >
        {asked?.act === "rotate" ? say.rotateHelp : say.revokeHelp}
      </Confirm>
      {asked?.act === "route" && <KeyRouteDialog of={asked.key} onClose={() => setAsked(undefined)} />}
      <Dialog
        open={secret !== undefined}
        onOpenChange={() => setSecret(undefined)}
        title={say.secretTitle}
        dismissable={false}
        footer={
          <Button variant="primary" onClick={() => setSecret(undefined)}>
            {words.done}
          </Button>
        }
      >
        {secret && <KeySecret secret={secret} />}
      </Dialog>
    </div>
  );
}

function keyColumns(named: Named[] | undefined, ask: ((asked: Asked) => void) | undefined): Column<Key>[] {
  const names = new Map(named?.map(({ id, name }) => [id, name]));
  const owner = (key: Key) => (names.get(key.agent_id ?? key.member_id ?? "") ?? key.agent_id ?? say.you);
  return [
    { id: "key", header: say.columns.key, cell: (key) => (
      <span className="grid">
        <code className="text-[12px] whitespace-nowrap">{key.hint}</code>
        {key.route && <span className="text-s text-muted">{say.route.by(key.route)}</span>}
        {named && <span className="text-s text-muted @min-[600px]:hidden">{owner(key)}</span>}
      </span>
    ) },
    { id: "name", header: say.columns.name, from: "md", cell: (key) => key.name || <span className="text-faint">–</span> },
    ...(named
      ? [
          {
            id: "of",
            header: say.columns.of,
            from: "md" as const,
            sort: owner,
            cell: (key: Key) => (
              <>
                {owner(key)} {key.kind !== "agent" && <Chip>{say.kinds[key.kind]}</Chip>}
              </>
            ),
          },
        ]
      : []),
    {
      id: "state",
      header: say.columns.state,
      from: "md",
      cell: (key) =>
        key.state === "active" && key.expires_at ? (
          <span className="text-muted">
            {say.expires} <Due at={key.expires_at} />
          </span>
        ) : (
          <span className="text-muted">{say.states[key.state] ?? key.state}</span>
        ),
    },
    {
      id: "used",
      header: say.columns.used,
      from: "md",
      sort: (key) => key.last_used_at ?? "",
      cell: (key) => (key.last_used_at ? <Ago at={key.last_used_at} className="text-muted" /> : <span className="text-faint">{words.never}</span>),
    },
    {
      id: "act",
      header: say.columns.act,
      headerHidden: true,
      align: "end",
      cell: (key) =>
        ask &&
        key.state === "active" &&
        key.kind !== "run" && (
          <span className="inline-flex items-center gap-1.5">
            {key.kind === "agent" && !key.declared && (
              <IconButton label={say.route.open(key.hint)} onClick={() => ask({ act: "route", key })}>
                <Waypoints size={14} />
              </IconButton>
            )}
            <Button size="s" aria-label={say.rotateLabel(key.hint)} onClick={() => ask({ act: "rotate", key })}>
              {say.rotate}
            </Button>
            <Button size="s" variant="danger" aria-label={say.revokeLabel(key.hint)} onClick={() => ask({ act: "revoke", key })}>
              {say.revoke}
            </Button>
          </span>
        ),
    },
  ];
}
