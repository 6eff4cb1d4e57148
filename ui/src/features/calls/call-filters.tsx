import { useQuery } from "@tanstack/react-query";
import { ListFilterPlus } from "lucide-react";
import { useMemo, useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { useMay } from "@/api/may";
import { providersQuery } from "@/api/providers";
import { Button } from "@/components/button";
import { ChooseFilter } from "@/components/choose/choose-filter";
import type { Choice } from "@/components/field";
import { FilterSelect } from "@/components/field";
import { SearchBox } from "@/components/search-box";
import { Chip, FieldChip } from "@/features/calls/field-chip";
import { FieldMenu } from "@/features/calls/field-menu";
import { wordOf } from "@/features/calls/field-values";
import type { FieldName } from "@/features/calls/fields";
import { FIELD_NAMES, FIELDS } from "@/features/calls/fields";
import { seenModelsQuery } from "@/features/calls/queries";
import type { CallsSearch } from "@/features/calls/search";
import { callFilter } from "@/features/calls/search";
import { formatInstant } from "@/lib/format";
import { WINDOWS } from "@/lib/search";
import { callFields } from "@/strings/call-fields";
import { calls } from "@/strings/calls";

const say = calls.filters;
const MINUTE = 60_000;
/** Those that are asked for most have a place of their own. */
const QUICK: readonly FieldName[] = ["agent", "model", "provider", "outcome"];
const OUTCOMES = FIELDS.outcome.choices;

/** The models seen in the last month, most used first: the only ones worth offering. */
function useSeenModels(): string[] {
  const [now] = useState(Date.now);
  const { data } = useQuery(seenModelsQuery(now));
  return useMemo(() => {
    const seen = new Map<string, number>();
    for (const bucket of data?.buckets ?? []) if (bucket.value) seen.set(bucket.value, (seen.get(bucket.value) ?? 0) + bucket.calls);
    return [...seen].sort((a, b) => b[1] - a[1]).map(([model]) => model);
  }, [data]);
}

type Props = { search: CallsSearch; setSearch: (change: Partial<CallsSearch>) => void; clear: () => void };

export function CallFilters({ search, setSearch, clear }: Props) {
  const { data: agents } = useQuery(agentNamesQuery);
  const { data: providers } = useQuery(providersQuery);
  const models = useSeenModels();
  const mayRead = useMay("readBodies");
  const of = (texts: string[]) => texts.map((text) => ({ value: text, label: text }));
  const selects: [keyof typeof say.by, Choice[]][] = [
    ["agent", (agents?.items ?? []).map((agent) => ({ value: agent.id, label: agent.name }))],
    ["model", of(models)],
    ["provider", of((providers?.items ?? []).map((each) => each.name))],
    ["outcome", OUTCOMES.map((value) => ({ value, label: wordOf("outcome", value) }))],
    ["since", WINDOWS.map((value) => ({ value, label: say.windows[value] }))],
  ];
  // To the minute, so that what is offered is asked for once and not at each look.
  const others = (without: FieldName) => callFilter({ ...search, q: undefined, [without]: undefined }, Math.floor(Date.now() / MINUTE) * MINUTE);
  const set = (name: FieldName, value: string | undefined) => setSearch({ [name]: value });
  return (
    <div role="group" aria-label={say.label} className="mb-4 flex flex-wrap items-center gap-2">
      {mayRead && <SearchBox label={say.q} value={search.q ?? ""} search={(q) => setSearch({ q: q || undefined })} placeholder={say.qHint} className="max-md:basis-full md:w-[260px]" />}
      {selects.map(([name, choices]) => (
        <Chosen key={name} by={name} value={search[name] ?? ""} choices={choices} onChange={(value) => setSearch({ [name]: value || undefined, ...(name === "since" ? { from: undefined, to: undefined } : {}) })} />
      ))}
      {FIELD_NAMES.filter((name) => !QUICK.includes(name)).map((name) => {
        const value = search[name];
        return value && <FieldChip key={name} name={name} value={value} others={others} set={set} drop={() => set(name, undefined)} />;
      })}
      {search.unclaimed && <Pinned label={say.unclaimed} onDrop={() => setSearch({ unclaimed: undefined })} />}
      {!search.since && (search.from ?? search.to) && (
        <Pinned label={say.between(search.from && formatInstant(search.from), search.to && formatInstant(search.to))} onDrop={() => setSearch({ from: undefined, to: undefined })} />
      )}
      <FieldMenu
        others={others}
        set={set}
        offered={(name) => !search[name]}
        trigger={
          <Button variant="quiet" aria-label={callFields.addLabel}>
            <ListFilterPlus size={13} aria-hidden="true" /> {callFields.add}
          </Button>
        }
      />
      {Object.values(search).some(Boolean) && (
        <Button variant="quiet" onClick={clear}>
          {say.clear}
        </Button>
      )}
    </div>
  );
}

type ChosenProps = { by: keyof typeof say.by; value: string; choices: Choice[]; onChange: (value: string) => void };

/** One filter: a quiet select, and once it filters a chip that can be changed or dropped where it stands. */
function Chosen({ by, value, choices, onChange }: ChosenProps) {
  const common = { label: say[by], value, onChange, bare: value !== "" };
  const select = by === "agent" ? <ChooseFilter of="agent" {...common} /> : <FilterSelect choices={choices} {...common} />;
  if (!value) return select;
  const shown = choices.find((each) => each.value === value)?.label ?? value;
  return (
    <Chip label={`${say.by[by]} ${shown}`} drop={() => onChange("")}>
      <span aria-hidden="true" className="pl-2 text-muted">
        {say.by[by]}
      </span>
      {select}
    </Chip>
  );
}

function Pinned({ label, onDrop }: { label: string; onDrop: () => void }) {
  return (
    <Chip label={label} drop={onDrop}>
      <span className="pl-2">{label}</span>
    </Chip>
  );
}
