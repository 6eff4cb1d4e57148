import { Plus, Trash2 } from "lucide-react";

import { Button, IconButton } from "@/components/button";
import { ChooseField } from "@/components/choose/choose-field";
import { TextField } from "@/components/field";
import type { Share } from "@/features/gateway/shares";
import { drawn } from "@/features/gateway/shares";
import { limits } from "@/strings/limits";

const say = limits.form.shares;
const MOST = 1_000;

type Props = { shares: Share[]; change: (shares: Share[]) => void };

/** How many turns an agent gets for one of the others' while calls wait. */
export function LimitShares({ shares, change }: Props) {
  const set = (share: Share, to: Partial<Share>) => change(shares.map((each) => (each === share ? { ...each, ...to } : each)));
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 text-s font-[510]">{say.title}</legend>
      {shares.map((share, at) => (
        <div key={share.key} className="grid grid-cols-[minmax(0,1fr)_76px_auto] items-center gap-2">
          <ChooseField
            of="agent"
            label={say.agent(at + 1)}
            labelHidden
            required
            begins={share.agentId ? { id: share.agentId } : null}
            none={say.choose}
            without={shares.filter((each) => each !== share).map(({ agentId }) => agentId)}
            onChoose={(agentId) => set(share, { agentId })}
          />
          <TextField label={say.share(at + 1)} labelHidden type="number" min={1} max={MOST} step={1} required value={share.weight} onChange={(event) => set(share, { weight: event.target.value })} />
          <IconButton label={say.remove(at + 1)} onClick={() => change(shares.filter((each) => each !== share))} className="hover:text-wrong">
            <Trash2 size={14} />
          </IconButton>
        </div>
      ))}
      <p className="text-s text-faint">{say.hint}</p>
      <Button size="s" className="justify-self-start" onClick={() => change([...shares, drawn("", "2")])}>
        <Plus size={12} aria-hidden="true" /> {say.add}
      </Button>
    </fieldset>
  );
}
