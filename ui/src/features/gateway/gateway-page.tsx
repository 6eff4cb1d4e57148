import { useQuery } from "@tanstack/react-query";

import { healthQuery } from "@/api/routes";
import type { ProviderHealth } from "@/api/types";
import { Dot } from "@/components/chip";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Ago, Since } from "@/components/figures";
import { Page, Section } from "@/components/page";
import { failureShare, stateOf } from "@/components/provider-health";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { Latencies } from "@/features/gateway/latencies";
import { Limits } from "@/features/gateway/limits";
import { Routes } from "@/features/gateway/routes";
import type { GatewaySearch } from "@/features/gateway/search";
import { formatCount, formatDuration } from "@/lib/format";
import { codeWords } from "@/strings/common";
import { gateway as say } from "@/strings/gateway";

type Props = { search: GatewaySearch; setSearch: (search: GatewaySearch) => void };

export function GatewayPage({ search, setSearch }: Props) {
  const { data: health, error, refetch } = useQuery(healthQuery);
  const troubled = health?.items.filter((each) => ["wait", "wrong"].includes(stateOf(each).tone)).length ?? 0;
  return (
    <Page title={say.title} answer={health ? say.answer(health.items.length, troubled) : say.title}>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6">
        <Section title={say.health}>
          {error && !health ? (
            <ProblemNote error={error} retry={() => void refetch()} />
          ) : !health ? (
            <SkeletonRows rows={3} />
          ) : health.items.length === 0 ? (
            <p className="card px-4 py-6 text-center text-muted">{say.healthEmpty}</p>
          ) : (
            <DataTable label={say.health} columns={healthColumns} rows={health.items} rowId={(each) => each.provider} />
          )}
        </Section>
        <Latencies search={search} setSearch={setSearch} />
        <Routes />
        <Limits />
      </div>
    </Page>
  );
}

const faint = <span className="text-faint">–</span>;

const healthColumns: Column<ProviderHealth>[] = [
  { id: "provider", header: say.columns.provider, cell: (each) => <span className="font-[560]">{each.provider}</span> },
  {
    id: "state",
    header: say.columns.state,
    cell: (each) => {
      const { tone, word } = stateOf(each);
      return (
        <span className="flex items-center gap-2">
          <Dot tone={tone} /> {say.states[word]}
        </span>
      );
    },
  },
  { id: "since", header: say.columns.since, from: "md", cell: (each) => (each.since ? <Since at={each.since} className="text-muted" /> : faint) },
  { id: "errors", header: say.columns.errors, align: "end", cell: (each) => (each.error_rate === null ? faint : <span className="num">{failureShare(each.error_rate)}</span>) },
  { id: "latency", header: say.columns.latency, align: "end", from: "md", cell: (each) => (each.latency_ms === null ? faint : <span className="num">{formatDuration(each.latency_ms)}</span>) },
  { id: "busy", header: say.columns.busy, align: "end", from: "md", cell: (each) => <span className="num">{formatCount(each.busy)}</span> },
  {
    id: "last",
    header: say.columns.last,
    from: "lg",
    cell: (each) =>
      each.last_error ? (
        <span className="text-muted">
          <span title={each.last_error}>{codeWords(each.last_error)}</span> {each.last_error_at && <Ago at={each.last_error_at} className="text-faint" />}
        </span>
      ) : (
        faint
      ),
  },
];
