import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { useMay } from "@/api/may";
import { seatKeys, seatPricesQuery, setSeatPrice } from "@/api/seats";
import type { Agent } from "@/api/types";
import { Button } from "@/components/button";
import { Chip } from "@/components/chip";
import { TextField } from "@/components/field";
import { Money } from "@/components/figures";
import { FormDialog } from "@/components/form-dialog";
import { Section } from "@/components/page";
import { ProblemNote } from "@/components/states";
import { toast } from "@/components/toast";
import { priceAt } from "@/features/agents/seats";
import { field, instantOf, nanoOf } from "@/lib/form";
import { formatInstant, NANO } from "@/lib/format";
import { agents } from "@/strings/agents";

const say = agents.seat;

/** What its seat or machine costs by the hour, since when, and what that came to while its work waited. */
export function AgentSeat({ agent }: { agent: Agent }) {
  const { data, dataUpdatedAt, error, refetch } = useQuery(seatPricesQuery(agent.id));
  const [setting, setSetting] = useState(false);
  const allowed = useMay("operate");
  const prices = data?.items ?? [];
  const now = priceAt(prices, dataUpdatedAt);
  const set = allowed && data && (
    <Button size="s" variant="quiet" onClick={() => setSetting(true)}>
      {prices.length === 0 ? say.set : say.change}
    </Button>
  );
  return (
    <Section title={say.title} aside={set}>
      {error && !data && <ProblemNote error={error} retry={() => void refetch()} />}
      {!data && !error && <span className="skeleton block h-10" />}
      {data && prices.length === 0 && <p className="card px-4 py-3 text-faint">{say.none}</p>}
      {data && prices.length > 0 && (
        <div className="card divide-y divide-line">
          <ul className="divide-y divide-line">
            {prices.toReversed().map((price) => (
              <li key={price.valid_from} className="flex flex-wrap items-baseline gap-x-2 px-4 py-2.5">
                <span>
                  {price.nano_per_hour === 0 ? (
                    say.nothing
                  ) : (
                    <>
                      <Money nano={price.nano_per_hour} /> {say.anHour}
                    </>
                  )}
                </span>
                {price === now && <Chip tone="work">{say.holds}</Chip>}
                <span className="ml-auto text-s text-faint">
                  {say.from} {formatInstant(price.valid_from)}
                </span>
              </li>
            ))}
          </ul>
          <p className="px-4 py-2.5 text-muted">
            <Money nano={data.idle_nano} /> {say.idle}
          </p>
        </div>
      )}
      {setting && <SeatDialog agent={agent} nano={now?.nano_per_hour} onClose={() => setSetting(false)} />}
    </Section>
  );
}

function SeatDialog({ agent, nano, onClose }: { agent: Agent; nano: number | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const save = async (form: FormData) => {
    const from = instantOf(field(form, "from"));
    const prices = await setSeatPrice(agent.id, { nano_per_hour: nanoOf(field(form, "price")) ?? 0, ...(from ? { valid_from: from } : {}) });
    client.setQueryData(seatKeys.of(agent.id), prices);
    toast({ text: say.saved, tone: "work" });
    return undefined;
  };
  return (
    <FormDialog title={say.dialog(agent.name)} act={say.act} onClose={onClose} save={save}>
      <TextField
        label={say.perHour}
        name="price"
        hint={say.perHourHint}
        type="number"
        inputMode="decimal"
        min="0"
        max="10000"
        step="any"
        required
        autoFocus
        autoComplete="off"
        defaultValue={nano === undefined ? "" : String(nano / NANO)}
      />
      <TextField label={say.since} name="from" hint={say.sinceHint} type="datetime-local" />
    </FormDialog>
  );
}
