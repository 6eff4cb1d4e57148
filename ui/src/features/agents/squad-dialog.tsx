import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { changeSquad, createSquad, squadKeys } from "@/api/squads";
import type { Named, Squad } from "@/api/types";
import { ChooseField } from "@/components/choose/choose-field";
import { AreaField, TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { field } from "@/lib/form";
import { squads } from "@/strings/squads";

const say = squads.form;
/** More are found by their names. */
const MANY = 12;

/** Makes or changes a squad: its name, who leads it, who belongs to it. */
export function SquadDialog({ squad, onClose }: { squad: Squad | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const names = useQuery(agentNamesQuery);
  const [lead, setLead] = useState(squad?.lead?.id ?? "");
  const mine = new Set(squad?.agents.map((agent) => agent.id));
  const agents = (names.data?.items ?? []).filter((agent) => agent.desired !== "retired" || mine.has(agent.id));
  const save = async (form: FormData) => {
    const said = {
      name: field(form, "name").trim(),
      description: field(form, "description"),
      lead_id: lead || null,
      agent_ids: form.getAll("agent").filter((id) => typeof id === "string"),
    };
    await (squad ? changeSquad(squad, said) : createSquad(said));
    await client.invalidateQueries({ queryKey: squadKeys.all });
    return undefined;
  };
  return (
    <FormDialog title={squad ? say.edit : say.create} act={squad ? say.actSave : say.actCreate} onClose={onClose} save={save} asks={[names]}>
      <TextField label={say.name} name="name" required maxLength={100} autoFocus autoComplete="off" defaultValue={squad?.name} />
      <AreaField label={say.description} name="description" rows={2} maxLength={10_000} defaultValue={squad?.description} />
      <ChooseField of="agent" label={say.lead} hint={say.leadHint} begins={squad?.lead} onChoose={setLead} none={say.noLead} />
      <Members agents={agents} mine={mine} lead={lead} />
    </FormDialog>
  );
}

/** A box for each agent. What does not fit the words is hidden, not left out: it keeps its mark. */
function Members({ agents, mine, lead }: { agents: Named[]; mine: Set<string>; lead: string }) {
  const [words, setWords] = useState("");
  const [ticked, setTicked] = useState(mine);
  const fits = (agent: Named) => agent.name.toLowerCase().includes(words.trim().toLowerCase());
  const tick = (id: string, on: boolean) => {
    const next = new Set(ticked);
    if (on) next.add(id);
    else next.delete(id);
    setTicked(next);
  };
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 text-s font-[510]">{say.agents}</legend>
      {agents.length > MANY && <TextField label={say.find} labelHidden placeholder={say.find} type="search" autoComplete="off" value={words} onChange={(event) => setWords(event.target.value)} />}
      <ul className="scroll-quiet max-h-[240px] overflow-y-auto rounded-s border border-line px-2.5 py-1">
        {agents.map((agent) => (
          <li key={agent.id} hidden={!fits(agent)}>
            <label className="flex min-h-7 items-center gap-2 pointer-coarse:min-h-10">
              <input
                type="checkbox"
                name="agent"
                value={agent.id}
                checked={agent.id === lead || ticked.has(agent.id)}
                disabled={agent.id === lead}
                onChange={(event) => tick(agent.id, event.target.checked)}
              />
              <span className="min-w-0 wrap-anywhere">{agent.name}</span>
            </label>
          </li>
        ))}
        {!agents.some(fits) && <li className="py-1 text-s text-faint">{say.none}</li>}
      </ul>
    </fieldset>
  );
}
