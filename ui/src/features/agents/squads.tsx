import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";

import { useMay } from "@/api/may";
import { removeSquad, squadKeys, squadsQuery } from "@/api/squads";
import type { Named, Squad } from "@/api/types";
import { IconButton } from "@/components/button";
import type { Column } from "@/components/data-table";
import { ListSection } from "@/components/list-section";
import { useRemoval } from "@/components/removal";
import { SquadDialog } from "@/features/agents/squad-dialog";
import { squads as say } from "@/strings/squads";

/** Agents that belong together, with a lead among them. */
export function Squads() {
  const query = useQuery(squadsQuery);
  const allowed = useMay("operate");
  const [shown, setShown] = useState<Squad | "new">();
  const { ask, confirm } = useRemoval<Squad>({
    remove: (squad) => removeSquad(squad.id),
    reads: [squadKeys.all],
    title: (squad) => say.removeTitle(squad.name),
    help: (squad) => say.removeHelp(squad.agents.length),
    act: say.remove,
    removed: (squad) => say.removed(squad.name),
  });
  const columns = useMemo(() => squadColumns(setShown, ask), [ask]);
  return (
    <ListSection
      say={say}
      rows={query.data}
      query={query}
      columns={columns}
      onAdd={allowed ? () => setShown("new") : undefined}
      className="mt-8"
    >
      {shown && <SquadDialog squad={shown === "new" ? undefined : shown} onClose={() => setShown(undefined)} />}
      {confirm}
    </ListSection>
  );
}

const AgentLink = ({ agent }: { agent: Named }) => (
  <Link to="/agents/$agentId" params={{ agentId: agent.id }} className="wrap-anywhere hover:underline">
    {agent.name}
  </Link>
);

const squadColumns = (edit: (squad: Squad) => void, remove: (squad: Squad) => void): Column<Squad>[] => [
  {
    id: "name",
    header: say.columns.name,
    sort: (squad) => squad.name,
    cell: (squad) => (
      <span className="grid">
        <Link to="/board" search={{ squad: squad.id }} className="font-[560] wrap-anywhere hover:underline">
          {squad.name}
        </Link>
        {squad.description && <span className="line-clamp-2 text-s text-muted wrap-anywhere">{squad.description}</span>}
      </span>
    ),
  },
  {
    id: "lead",
    header: say.columns.lead,
    from: "md",
    sort: (squad) => squad.lead?.name ?? "",
    cell: (squad) => (squad.lead ? <AgentLink agent={squad.lead} /> : <span className="text-faint">{say.noLead}</span>),
  },
  {
    id: "agents",
    header: say.columns.agents,
    sort: (squad) => squad.agents.length,
    cell: (squad) =>
      squad.agents.length === 0 ? (
        <span className="text-faint">{say.nobody}</span>
      ) : (
        <ul className="flex flex-wrap gap-x-2.5 text-muted">
          {squad.agents.map((agent) => (
            <li key={agent.id}>
              <AgentLink agent={agent} />
            </li>
          ))}
        </ul>
      ),
  },
  {
    id: "act",
    header: say.columns.act,
    headerHidden: true,
    align: "end",
    cell: (squad) => (
      <span className="inline-flex items-center gap-1">
        <IconButton label={say.edit(squad.name)} onClick={() => edit(squad)}>
          <Pencil size={14} />
        </IconButton>
        <IconButton label={say.removeLabel(squad.name)} onClick={() => remove(squad)} className="hover:text-wrong">
          <Trash2 size={14} />
        </IconButton>
      </span>
    ),
  },
];
