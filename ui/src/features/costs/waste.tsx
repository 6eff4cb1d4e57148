import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { reportQuery, wasteQuery } from "@/api/costs";
import type { ReportRow } from "@/api/types";
import { CostSplit, markOf, shareOf, wasted } from "@/components/cost-split";
import { Money } from "@/components/figures";
import { Section } from "@/components/page";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { cx } from "@/lib/cx";
import { formatDayUtc, formatMoney, formatMoneyExact } from "@/lib/format";
import { midnightUtc } from "@/lib/search";
import { budgets } from "@/strings/budgets";

const say = budgets.waste;

/** One bar for all that was spent, and the same in words and figures. */
export function WasteLedger({ from }: { from: string }) {
  const { data, error, refetch } = useQuery(wasteQuery(from));
  const { data: report } = useQuery({ ...reportQuery({ by: "agent", from }), placeholderData: keepPreviousData });
  if (error && !data) return <Section title={say.title}><ProblemNote error={error} retry={() => void refetch()} /></Section>;
  if (!data) return <Section title={say.title}><SkeletonRows rows={2} /></Section>;
  if (data.totals.total_nano === 0) return null;
  const { classes, total_nano: total } = data.totals;
  const lost = wasted(data);
  return (
    <Section
      title={say.title}
      aside={
        lost.nano > 0 && (
          <span className="text-muted">
            <Money nano={lost.nano} /> {say.wasted(shareOf(lost.nano, lost.of))}
          </span>
        )
      }
    >
      <div className="card grid gap-3 p-4">
        <CostSplit
          classes={classes}
          total={total}
          link={({ name }, figure) => {
            // The figure counts whole days; so do the calls that it leads to.
            const mark = markOf(name);
            if (mark) {
              return (
                <Link to="/calls" search={{ mark, from: midnightUtc(Date.parse(from)) }} className="hover:underline">
                  {figure}
                </Link>
              );
            }
            return name === "unclaimed" ? (
              <Link to="/unclaimed" className="hover:underline">
                {figure}
              </Link>
            ) : (
              figure
            );
          }}
        />
        {report && <Approved rows={report} />}
        <p className={cx("text-s", data.difference_nano === 0 ? "text-faint" : "text-wrong")}>{data.difference_nano === 0 ? say.sum : say.off(formatMoneyExact(data.difference_nano))}
          {` ${say.days(formatDayUtc(Date.parse(from)))}`}
          {lost.seats > 0 && ` ${say.seats(formatMoney(lost.seats))}`}
        </p>
      </div>
    </Section>
  );
}

/** What an approved deliverable cost all told, what came to nothing included. */
function Approved({ rows }: { rows: ReportRow[] }) {
  const approved = rows.reduce((sum, row) => sum + row.approved, 0);
  const cost = rows.reduce((sum, row) => sum + row.cost_nano, 0);
  if (approved === 0) return <p className="text-s text-muted">{say.noneApproved}</p>;
  return (
    <p>
      <b className="num font-[560]">
        <Money nano={Math.floor(cost / approved)} />
      </b>{" "}
      {say.each(approved)}
    </p>
  );
}
