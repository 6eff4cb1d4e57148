import { useQuery } from "@tanstack/react-query";

import { reportQuery } from "@/api/costs";
import type { Agent, ReportRow } from "@/api/types";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Money } from "@/components/figures";
import { Section, Strip } from "@/components/page";
import { formatCount } from "@/lib/format";
import { agents } from "@/strings/agents";

const say = agents.card;
const none = <span className="text-faint">–</span>;
const percent = (share: number | null) => (share === null ? none : `${Math.round(share * 100)} %`);
const money = (nano: number | null) => (nano === null ? none : <Money nano={nano} />);

/** What its work came to for the money, and with which model. */
export function ReportCard({ agent }: { agent: Agent }) {
  const { data: whole } = useQuery(reportQuery({ by: "agent", agent_id: agent.id }));
  const { data: models } = useQuery(reportQuery({ by: "model", agent_id: agent.id }));
  const card = whole?.find((row) => row.value === agent.id);
  if (!card || card.cost_nano === 0) return null;
  return (
    <Section title={say.title} aside={say.span}>
      <Strip
        figures={[
          { label: say.firstPass, value: percent(card.first_pass_share), note: card.tasks_done > 0 && say.ofTasks(card.first_pass, card.tasks_done) },
          { label: say.perApproved, value: money(card.cost_per_approved_nano), note: card.approved > 0 && say.approved(card.approved) },
          { label: say.wasted, value: percent(card.waste_share) },
          { label: say.spent, value: <Money nano={card.cost_nano} /> },
        ]}
      />
      {models && models.length > 0 && <DataTable label={say.byModel} columns={columns} rows={models} rowId={(row) => row.value} initialSort={{ id: "cost", desc: true }} />}
    </Section>
  );
}

const columns: Column<ReportRow>[] = [
  { id: "model", header: say.columns.model, cell: (row) => <span className="font-[510]">{row.label || none}</span>, sort: (row) => row.label },
  { id: "done", header: say.columns.done, align: "end", cell: (row) => formatCount(row.tasks_done), sort: (row) => row.tasks_done },
  { id: "first", header: say.columns.first, align: "end", cell: (row) => percent(row.first_pass_share), sort: (row) => row.first_pass_share ?? -1 },
  { id: "each", header: say.columns.each, align: "end", from: "md", cell: (row) => money(row.cost_per_approved_nano), sort: (row) => row.cost_per_approved_nano ?? -1 },
  { id: "waste", header: say.columns.waste, align: "end", from: "md", cell: (row) => percent(row.waste_share), sort: (row) => row.waste_share ?? -1 },
  { id: "cost", header: say.columns.cost, align: "end", cell: (row) => <Money nano={row.cost_nano} />, sort: (row) => row.cost_nano },
];
