import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { budgetsQuery } from "@/api/caps";
import { doneQuery, wasteQuery } from "@/api/costs";
import { shareOf, wasted } from "@/components/cost-split";
import { Money } from "@/components/figures";
import { Strip } from "@/components/page";
import { ProblemLine } from "@/components/states";
import { dayBudget, lasts } from "@/features/now/day-budget";
import { dayQuery, lastHourQuery } from "@/features/now/queries";
import { formatClockUtc, formatCount, formatMoney } from "@/lib/format";
import { useFloor } from "@/lib/ticker";
import { words } from "@/strings/common";
import { now as say } from "@/strings/now";

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Stands where a figure is still asked for, or could not be had: it is not nothing. */
const NOT_YET = <span className="text-faint">–</span>;

/** The day in four figures: the pace, the sum against what it may be, what came to nothing, what got done. */
export function TodayStrip() {
  const minute = useFloor(MINUTE);
  const midnight = new Date(useFloor(DAY)).toISOString();
  const asked = { hour: useQuery(lastHourQuery(minute)), day: useQuery(dayQuery(midnight)), waste: useQuery(wasteQuery(midnight)), done: useQuery(doneQuery(midnight)), budgets: useQuery(budgetsQuery) };
  const [hour, day, waste, done, budgets] = [asked.hour.data, asked.day.data, asked.waste.data, asked.done.data, asked.budgets.data];
  const missing = Object.values(asked).filter((each) => each.isError && each.data === undefined);
  const cap = dayBudget(budgets?.items ?? []);
  const until = cap && lasts(cap, hour?.totals.cost_nano ?? 0, minute);
  const unpriced = day?.totals.unpriced_calls ?? 0;
  const lost = waste && wasted(waste);
  return (
    <>
      <Strip
        figures={[
          {
            label: say.spendRate,
            value: (
              <Link to="/costs" search={{ span: "1h" }} className="inline-flex min-h-6 items-center hover:underline">
                {hour ? <Money nano={hour.totals.cost_nano} unpriced={hour.totals.unpriced_calls} /> : NOT_YET}
              </Link>
            ),
            note: say.anHour,
          },
          {
            label: cap ? say.todayOf(formatMoney(cap.amount_nano)) : say.today,
            value: (
              <Link to="/costs" search={{ span: "today" }} className="inline-flex min-h-6 items-center hover:underline">
                {day ? <Money nano={day.totals.cost_nano} unpriced={unpriced} /> : NOT_YET}
              </Link>
            ),
            note:
              unpriced > 0 ? (
                <span className="text-wait">{`${formatCount(unpriced)} ${words.unpriced}`}</span>
              ) : until ? (
                <span className={until.kind === "used" ? "text-wrong" : undefined}>{until.kind === "used" ? say.used : until.kind === "day" ? say.lastsTheDay : say.lasts(formatClockUtc(until.at))}</span>
              ) : (
                day && (
                  <Link to="/calls" search={{ from: midnight }} className="inline-flex min-h-6 items-center hover:underline">
                    {say.calls(day.totals.calls)}
                  </Link>
                )
              ),
          },
          {
            label: say.wasted,
            value: (
              <Link to="/costs" search={{ span: "today" }} className="inline-flex min-h-6 items-center hover:underline">
                {lost ? <Money nano={lost.nano} /> : NOT_YET}
              </Link>
            ),
            note: lost && <Wasted {...lost} />,
          },
          {
            label: say.done,
            value: (
              <Link to="/board" search={{ view: "list", show: "done_today" }} className="inline-flex min-h-6 items-center hover:underline">
                {done ? formatCount(done.tasks) : NOT_YET}
              </Link>
            ),
            note: done && done.cost_each_nano !== null && (
              <>
                <Money nano={done.cost_each_nano} unpriced={done.unpriced_calls} /> {say.each}
              </>
            ),
          },
        ]}
      />
      {missing[0] && (
        <div className="-mt-3 mb-4">
          <ProblemLine error={missing[0].error} retry={() => missing.forEach((each) => void each.refetch())} />
        </div>
      )}
    </>
  );
}

/** Its share of what calls cost today; what seats cost while they waited is no part of either. */
function Wasted({ nano, of, seats }: { nano: number; of: number; seats: number }) {
  return (
    <>
      {nano > 0 ? <span className="num text-wrong">{shareOf(nano, of)}</span> : say.nothingWasted}
      {seats > 0 && (
        <span title={say.seatsTitle}>
          , {say.seats} <Money nano={seats} />
        </span>
      )}
    </>
  );
}
