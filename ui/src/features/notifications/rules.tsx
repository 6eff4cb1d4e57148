import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronUp, Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { calledQuery } from "@/api/choices";
import { asProblem } from "@/api/problem";
import type { Channel, NotificationKind, NotificationRule } from "@/api/types";
import { Button, buttonClass, IconButton } from "@/components/button";
import { Section } from "@/components/page";
import { Empty } from "@/components/states";
import { toast } from "@/components/toast";
import { RuleDialog } from "@/features/notifications/rule-dialog";
import { aboutWords, EVERYTHING, whereWords } from "@/features/notifications/rule-words";
import { notifications } from "@/strings/notifications";

const say = notifications.rules;

type Props = { rules: NotificationRule[]; channels: Channel[]; kinds: NotificationKind[]; /** Rejects where the server refuses. */ onChange: (rules: NotificationRule[]) => Promise<void> };

/** The rules in their order, each as a sentence; without any, two that most people want. */
export function Rules({ rules, channels, kinds, onChange }: Props) {
  const [editing, setEditing] = useState<NotificationRule>();
  const { data: agents } = useQuery(agentNamesQuery);
  const of = [...new Set(rules.flatMap((rule) => rule.project_id ?? []))];
  const projects = useQueries({ queries: of.map((id) => calledQuery("project", id)) });
  const names = { agents: byId(agents?.items), projects: byId(of.flatMap((id, at) => (projects[at]?.data ? [{ id, name: projects[at].data }] : []))) };
  const change = (next: NotificationRule[]) => void onChange(next).catch((error: unknown) => toast({ text: asProblem(error).message, tone: "wrong" }));
  const without = (at: number) => rules.filter((_, place) => place !== at);
  const add = (
    <Button size={rules.length > 0 ? "s" : "m"} onClick={() => setEditing(EVERYTHING)}>
      <Plus size={13} aria-hidden="true" /> {say.add}
    </Button>
  );
  const to = channels.map((each) => each.id);
  return (
    <Section title={say.title} aside={rules.length > 0 && add}>
      {rules.length === 0 ? (
        <Empty
          title={say.empty}
          action={
            channels.length === 0 ? (
              <Link to="/channels" search={{ new: true }} className={buttonClass("primary")}>
                {say.addChannel}
              </Link>
            ) : (
              <>
                <Button variant="primary" onClick={() => change([{ ...EVERYTHING, at_least: "urgent", channels: to }])}>
                  {say.urgentNow}
                </Button>
                <Button onClick={() => change([{ ...EVERYTHING, channels: to, how: "digest" }])}>{say.allDaily}</Button>
                {add}
              </>
            )
          }
        >
          <p>{say.emptyHelp}</p>
          {channels.length === 0 && <p className="mt-2">{say.noChannel}</p>}
        </Empty>
      ) : (
        <>
          <ol aria-label={say.title} className="card divide-y divide-line">
            {rules.map((rule, at) => (
              <li key={`${at}-${JSON.stringify(rule)}`} className="flex items-center gap-2.5 px-4 py-2.5">
                <span className="num min-w-4 shrink-0 text-s text-faint">{at + 1}</span>
                <div className="min-w-0 flex-1">
                  <p className="break-words">{aboutWords(rule, kinds, names)}</p>
                  <p className="text-s break-words text-muted">→ {whereWords(rule, channels)}</p>
                </div>
                {at > 0 && (
                  <IconButton label={say.up(at + 1)} onClick={() => change([...rules.slice(0, at - 1), rule, ...without(at).slice(at - 1)])}>
                    <ChevronUp size={15} />
                  </IconButton>
                )}
                <IconButton label={say.change(at + 1)} onClick={() => setEditing(rule)}>
                  <Pencil size={14} />
                </IconButton>
                <IconButton label={say.remove(at + 1)} onClick={() => change(without(at))} className="hover:text-wrong">
                  <Trash2 size={14} />
                </IconButton>
              </li>
            ))}
          </ol>
          <p className="mt-2 text-s text-faint">{say.order}</p>
        </>
      )}
      {editing && (
        <RuleDialog
          rule={editing}
          isNew={!rules.includes(editing)}
          kinds={kinds}
          channels={channels}
          onClose={() => setEditing(undefined)}
          onSave={(rule) => onChange(rules.includes(editing) ? rules.map((each) => (each === editing ? rule : each)) : [...rules, rule])}
        />
      )}
    </Section>
  );
}

const byId = (items: { id: string; name: string }[] = []): Map<string, string> => new Map(items.map(({ id, name }) => [id, name]));
