import { useQuery } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";

import { agentNamesQuery } from "@/api/agents";
import { Button, IconButton } from "@/components/button";
import { SelectField, TextField } from "@/components/field";
import type { Share } from "@/features/gateway/shares";
import { drawn } from "@/features/gateway/shares";
import { limits } from "@/strings/limits";

const say = limits.form.shares;
const MOST = 1_000;

type Props = { shares: Share[]; change: (shares: Share[]) => void };

/** How many turns an agent gets for one of the others' while calls wait. */
export function LimitShares({ shares, change }: Props) {
  const { data } = useQuery(agentNamesQuery);
  const agents = data?.items ?? [];
  const named = agents.filter((agent) => !shares.some((share) => share.agentId === agent.id));
  const set = (share: Share, to: Partial<Share>) => change(shares.map((each) => (each === share ? { ...each, ...to } : each)));
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 text-s font-[510]">{say.title}</legend>
      {shares.map((share, at) => (
        <div key={share.key} className="grid grid-cols-[minmax(0,1fr)_76px_auto] items-center gap-2">
          <SelectField
            label={say.agent(at + 1)}
            labelHidden
            required
            value={share.agentId}
            onChange={(event) => set(share, { agentId: event.target.value })}
            choices={[{ value: "", label: say.choose }, ...agents.filter((agent) => agent.id === share.agentId || named.includes(agent)).map(({ id, name }) => ({ value: id, label: name })), ...gone(share, agents)]}
          />
          <TextField label={say.share(at + 1)} labelHidden type="number" min={1} max={MOST} step={1} required value={share.weight} onChange={(event) => set(share, { weight: event.target.value })} />
          <IconButton label={say.remove(at + 1)} onClick={() => change(shares.filter((each) => each !== share))} className="hover:text-wrong">
            <Trash2 size={14} />
          </IconButton>
        </div>
      ))}
      <p className="text-s text-faint">{say.hint}</p>
      {named.length > 0 && (
        <Button size="s" className="justify-self-start" onClick={() => change([...shares, drawn("", "2")])}>
          <Plus size={12} aria-hidden="true" /> {say.add}
        </Button>
      )}
    </fieldset>
  );
}

/** One that has a share and is not among the agents stays a choice, so that it is not lost. */
const gone = (share: Share, agents: { id: string }[]) => (share.agentId !== "" && !agents.some((agent) => agent.id === share.agentId) ? [{ value: share.agentId, label: share.agentId }] : []);
