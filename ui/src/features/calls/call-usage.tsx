import type { CallDetail, Usage } from "@/api/types";
import { CallCost } from "@/components/call-words";
import type { Fact } from "@/components/facts";
import { Facts } from "@/components/facts";
import { formatCount, formatMoney, formatPerMillion } from "@/lib/format";
import { calls } from "@/strings/calls";

const say = calls.one;
const FEMTO_PER_NANO = 1_000_000;

type Row = { name: string; tokens: number; part: boolean };

/** What was used, whole numbers first and their parts under them; empty parts are left out. Pure. */
export function usageRows(usage: Usage): Row[] {
  const row = (key: keyof typeof say.usageRows, tokens: number, part: boolean): Row[] => (tokens > 0 || !part ? [{ name: say.usageRows[key], tokens, part }] : []);
  return [
    ...row("input", usage.input_total, false),
    ...row("cache_read", usage.cache_read, true),
    ...row("cache_write_5m", usage.cache_write_5m, true),
    ...row("cache_write_1h", usage.cache_write_1h, true),
    ...row("audio_in", usage.audio_in, true),
    ...row("output", usage.output_total, false),
    ...row("reasoning", usage.reasoning, true),
    ...row("audio_out", usage.audio_out, true),
    ...Object.entries(usage.server_tools).map(([name, tokens]) => ({ name: name.replaceAll("_", " "), tokens, part: true })),
  ];
}

/** Tokens are priced by the million, everything else each. */
function prices(units: Record<string, number>): Fact[] {
  return Object.entries(units).map(([name, femto]) => ({
    label: name.replaceAll("_", " "),
    value: <span className="num">{name.endsWith("tokens") ? formatPerMillion(femto) : say.each(formatMoney(femto / FEMTO_PER_NANO))}</span>,
  }));
}

export function CallUsage({ call }: { call: CallDetail }) {
  return (
    <div className="grid gap-3">
      {call.usage ? (
        <table className="w-full text-s">
          <thead className="sr-only">
            <tr>
              <th scope="col">{say.usageColumns.what}</th>
              <th scope="col">{say.usageColumns.tokens}</th>
            </tr>
          </thead>
          <tbody>
            {usageRows(call.usage).map((row) => (
              <tr key={row.name + String(row.part)}>
                <td className={row.part ? "py-0.5 pl-4 text-muted" : "py-0.5"}>{row.name}</td>
                <td className="num py-0.5 text-right">{formatCount(row.tokens)}</td>
              </tr>
            ))}
            <tr className="border-t border-line font-[560]">
              <td className="pt-1.5">{say.total}</td>
              <td className="num pt-1.5 text-right">
                <CallCost call={call} />
              </td>
            </tr>
          </tbody>
        </table>
      ) : (
        <p className="text-s text-muted">{say.noUsage}</p>
      )}
      {say.sources[call.usage_source] && <p className="text-s text-faint">{say.sources[call.usage_source]}</p>}
      {call.price ? (
        <div className="grid gap-2 border-t border-line pt-3">
          <p className="text-s text-muted">{say.usageColumns.price}</p>
          <Facts facts={prices(call.price.units)} />
          <p className="text-s text-faint">{say.priceSource(call.price.source, call.price.version)}</p>
        </div>
      ) : (
        call.cost_nano === null && call.usage && <p className="text-s text-wait">{say.noPrice}</p>
      )}
    </div>
  );
}
