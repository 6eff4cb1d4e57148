import { useQuery } from "@tanstack/react-query";

import { reportQuery, weeksQuery } from "@/api/costs";
import type { Agent, ReportRow, ReportWeek } from "@/api/types";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Money } from "@/components/figures";
import { Section, Strip } from "@/components/page";
import { Spark } from "@/components/spark";
import { ProblemNote } from "@/components/states";
import { formatCount, formatDay, formatShare } from "@/lib/format";
import { agents } from "@/strings/agents";

const say = agents.card;
const none = <span className="text-faint">–</span>;
const inWords = (share: number | null): string => (share === null ? "–" : formatShare(share));
const percent = (share: number | null) => (share === null ? none : inWords(share));
const money = (nano: number | null) => (nano === null ? none : <Money nano={nano} />);

/** What its work came to for the money, and with which model. */
export function ReportCard({ agent }: { agent: Agent }) {
  const { data: whole, error, refetch } = useQuery(reportQuery({ by: "agent", agent_id: agent.id }));
  const { data: models } = useQuery(reportQuery({ by: "model", agent_id: agent.id }));
  const card = whole?.find((row) => row.value === agent.id);
  if (error && !whole) {
    return (
      <Section title={say.title} aside={say.span}>
        <ProblemNote error={error} retry={() => void refetch()} />
      </Section>
    );
  }
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
      <Weeks agentId={agent.id} />
      {models && models.length > 0 && <DataTable label={say.byModel} columns={columns} rows={models} rowId={(row) => row.value} initialSort={{ id: "cost", desc: true }} />}
    </Section>
  );
}

/** Whether it goes better or worse: approval and rework of the last weeks, as bars and in figures. */
function Weeks({ agentId }: { agentId: string }) {
  const { data: weeks } = useQuery(weeksQuery(agentId));
  if (!weeks || weeks.filter((week) => week.cost_nano > 0).length < 2) return null;
  return (
    <details className="card mb-4">
      <summary className="flex min-h-10 cursor-default flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2 text-s">
        <span className="text-muted">{say.weeks}</span>
        <span className="ml-auto inline-flex items-center gap-2 text-work">
          <span className="text-xs text-muted">{say.weekColumns.first}</span>
          <Spark values={weeks.map((week) => week.first_pass_share ?? 0)} label={`${say.firstPass}: ${weeks.map((week) => inWords(week.first_pass_share)).join(", ")}`} />
        </span>
        <span className="inline-flex items-center gap-2 text-review">
          <span className="text-xs text-muted">{say.weekColumns.rework}</span>
          <Spark values={weeks.map((week) => week.rework_share ?? 0)} label={`${say.weekColumns.rework}: ${weeks.map((week) => inWords(week.rework_share)).join(", ")}`} />
        </span>
      </summary>
      <DataTable label={say.weeks} columns={weekColumns} rows={[...weeks].reverse()} rowId={(week) => week.begin} />
    </details>
  );
}

const weekColumns: Column<ReportWeek>[] = [
  { id: "week", header: say.weekColumns.week, cell: (week) => formatDay(week.begin) },
  { id: "done", header: say.weekColumns.done, align: "end", cell: (week) => formatCount(week.tasks_done) },
  { id: "first", header: say.weekColumns.first, align: "end", cell: (week) => percent(week.first_pass_share) },
  { id: "rework", header: say.weekColumns.rework, align: "end", cell: (week) => percent(week.rework_share) },
  { id: "waste", header: say.weekColumns.waste, align: "end", from: "md", cell: (week) => percent(week.waste_share) },
  { id: "cost", header: say.weekColumns.cost, align: "end", from: "md", cell: (week) => <Money nano={week.cost_nano} /> },
];

const columns: Column<ReportRow>[] = [
  { id: "model", header: say.columns.model, cell: (row) => <span className="font-[510]">{row.label || <span className="font-normal text-muted">{say.noModel}</span>}</span>, sort: (row) => row.label },
  { id: "done", header: say.columns.done, align: "end", from: "sm", cell: (row) => formatCount(row.tasks_done), sort: (row) => row.tasks_done },
  { id: "first", header: say.columns.first, align: "end", cell: (row) => percent(row.first_pass_share), sort: (row) => row.first_pass_share ?? -1 },
  { id: "each", header: say.columns.each, align: "end", from: "md", cell: (row) => money(row.cost_per_approved_nano), sort: (row) => row.cost_per_approved_nano ?? -1 },
  { id: "waste", header: say.columns.waste, align: "end", from: "md", cell: (row) => percent(row.waste_share), sort: (row) => row.waste_share ?? -1 },
  { id: "cost", header: say.columns.cost, align: "end", cell: (row) => <Money nano={row.cost_nano} />, sort: (row) => row.cost_nano },
];
