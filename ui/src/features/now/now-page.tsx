import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import { agentsQuery } from "@/api/agents";
import { costsQuery } from "@/api/costs";
import { boardQuery } from "@/api/tasks";
import { AgentsAnswer } from "@/components/agents-answer";
import { Money } from "@/components/figures";
import { LatestCalls } from "@/components/latest-calls";
import { Page, Section, Strip } from "@/components/page";
import { byUrgency } from "@/components/status/status-words";
import { AgentRows } from "@/features/now/agent-rows";
import { FirstSteps } from "@/features/now/first-steps";
import { formatCount } from "@/lib/format";
import { useListKeys } from "@/lib/list-keys";
import { useFloor } from "@/lib/ticker";
import { words } from "@/strings/common";
import { now as say } from "@/strings/now";

const MINUTE = 60_000;
const DAY = 86_400_000;

/** What happens and what needs me. `needs` is what other parts of the product hold for a person, `teach` stands where nobody is connected yet. */
export function NowPage({ needs, teach }: { needs: React.ReactNode; teach: (onDone: () => void) => React.ReactNode }) {
  const { data } = useSuspenseQuery(agentsQuery);
  useListKeys();
  const present = useMemo(() => data.items.filter((agent) => agent.desired !== "retired").sort(byUrgency), [data]);
  // The key that is made here is shown once: the page stays until it was copied, also when the agent is there already.
  const [teaching, setTeaching] = useState(present.length === 0);
  if (teaching) {
    return (
      <Page title={say.title} answer={say.emptyTitle}>
        <div className="grid max-w-[860px] grid-cols-[minmax(0,1fr)] gap-5">
          {teach(() => setTeaching(false))}
          <FirstSteps />
        </div>
      </Page>
    );
  }
  return (
    <Page title={say.title} answer={<AgentsAnswer agents={present} />} wide>
      <Figures />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6 lg:grid-cols-[minmax(300px,380px)_minmax(0,1fr)]">
        <div className="min-w-0">{needs}</div>
        <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-6">
          <Section title={say.agents}>
            <AgentRows agents={present} />
          </Section>
          <Section
            title={say.lastCalls}
            aside={
              <Link to="/calls" className="text-accent hover:underline">
                {say.allCalls}
              </Link>
            }
          >
            <LatestCalls filter={{}} limit={6} narrow />
          </Section>
        </div>
      </div>
    </Page>
  );
}

function Figures() {
  const anHourAgo = new Date(useFloor(MINUTE) - 60 * MINUTE).toISOString();
  const midnight = new Date(useFloor(DAY)).toISOString();
  const { data: hour } = useQuery(costsQuery({ by: "total", grain: "minute", from: anHourAgo }));
  const { data: day } = useQuery(costsQuery({ by: "total", grain: "day", from: midnight }));
  const { data: board } = useQuery(boardQuery({}));
  const count = (states: string[]) => board?.columns.filter((column) => states.includes(column.state)).reduce((sum, column) => sum + column.count, 0) ?? 0;
  return (
    <Strip
      figures={[
        {
          label: say.spendRate,
          value: (
            <Link to="/costs" search={{ span: "1h" }} className="hover:underline">
              <Money nano={hour?.totals.cost_nano ?? 0} unpriced={hour?.totals.unpriced_calls ?? 0} />
            </Link>
          ),
        },
        {
          label: say.today,
          value: (
            <Link to="/costs" search={{ span: "24h" }} className="hover:underline">
              <Money nano={day?.totals.cost_nano ?? 0} unpriced={day?.totals.unpriced_calls ?? 0} />
            </Link>
          ),
          note: day && day.totals.unpriced_calls > 0 ? <span className="text-wait">{`${formatCount(day.totals.unpriced_calls)} ${words.unpriced}`}</span> : say.sinceMidnight,
        },
        {
          label: say.callsToday,
          value: (
            <Link to="/calls" search={{ since: "24h" }} className="hover:underline">
              {formatCount(day?.totals.calls ?? 0)}
            </Link>
          ),
          note: day && day.totals.errors > 0 && <span className="text-wrong">{say.failed(day.totals.errors)}</span>,
        },
        {
          label: say.open,
          value: (
            <Link to="/board" className="hover:underline">
              {formatCount(count(["backlog", "ready", "in_progress", "in_review"]))}
            </Link>
          ),
          note: say.inHand(count(["in_progress"])),
        },
      ]}
    />
  );
}
