import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useMemo, useState } from "react";

import { agentsQuery } from "@/api/agents";
import { costsQuery } from "@/api/costs";
import { providersQuery } from "@/api/providers";
import { Button } from "@/components/button";
import { FilterSelect } from "@/components/field";
import type { CallsSearch } from "@/features/calls/search";
import { WINDOWS, WINDOW_MS } from "@/lib/search";
import { calls } from "@/strings/calls";
import { outcomes } from "@/strings/common";

const say = calls.filters;
const DAY = WINDOW_MS["24h"];

/** The models seen in the last month, most used first: the only ones worth offering. */
function useSeenModels(): string[] {
  const [from] = useState(() => new Date(Math.floor(Date.now() / DAY) * DAY - WINDOW_MS["30d"]).toISOString());
  const { data } = useQuery(costsQuery({ by: "model", grain: "day", from }));
  return useMemo(() => {
    const seen = new Map<string, number>();
    for (const bucket of data?.buckets ?? []) if (bucket.value) seen.set(bucket.value, (seen.get(bucket.value) ?? 0) + bucket.calls);
    return [...seen].sort((a, b) => b[1] - a[1]).map(([model]) => model);
  }, [data]);
}

type Props = { search: CallsSearch; setSearch: (change: Partial<CallsSearch>) => void; clear: () => void };

export function CallFilters({ search, setSearch, clear }: Props) {
  const { data: agents } = useQuery(agentsQuery);
  const { data: providers } = useQuery(providersQuery);
  const models = useSeenModels();
  const of = (texts: string[]) => texts.map((text) => ({ value: text, label: text }));
  const set = (name: keyof CallsSearch) => (value: string) => setSearch({ [name]: value || undefined });
  return (
    <div role="group" aria-label={say.label} className="mb-4 flex flex-wrap items-center gap-2">
      <FilterSelect
        label={say.agent}
        value={search.agent ?? ""}
        onChange={set("agent")}
        choices={(agents?.items ?? []).map((agent) => ({ value: agent.id, label: agent.name }))}
      />
      <FilterSelect label={say.model} value={search.model ?? ""} onChange={set("model")} choices={of(models)} />
      <FilterSelect label={say.provider} value={search.provider ?? ""} onChange={set("provider")} choices={of((providers?.items ?? []).map((each) => each.name))} />
      <FilterSelect
        label={say.outcome}
        value={search.outcome ?? ""}
        onChange={set("outcome")}
        choices={Object.entries(outcomes).map(([value, label]) => ({ value, label }))}
      />
      <FilterSelect label={say.since} value={search.since ?? ""} onChange={set("since")} choices={WINDOWS.map((value) => ({ value, label: say.windows[value] }))} />
      {(["task", "run", "conversation", "unclaimed"] as const).map(
        (name) => search[name] && <Pinned key={name} label={say[name]} onDrop={() => setSearch({ [name]: undefined })} />,
      )}
      {search.mark && <Pinned label={say.marks[search.mark]} onDrop={() => setSearch({ mark: undefined })} />}
      {Object.values(search).some(Boolean) && (
        <Button variant="quiet" onClick={clear}>
          {say.clear}
        </Button>
      )}
    </div>
  );
}

function Pinned({ label, onDrop }: { label: string; onDrop: () => void }) {
  return (
    <span className="inline-flex h-[30px] items-center gap-1 rounded-s border border-accent bg-surface pr-1 pl-2 text-s">
      {label}
      <button type="button" aria-label={say.drop(label)} onClick={onDrop} className="grid size-6 place-items-center rounded-s text-faint hover:bg-sunken hover:text-ink">
        <X size={13} />
      </button>
    </span>
  );
}
