import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { healthQuery } from "@/api/routes";
import { Dot } from "@/components/chip";
import { Section } from "@/components/page";
import { failureShare, stateOf } from "@/components/provider-health";
import { ProblemLine } from "@/components/states";
import { formatDuration } from "@/lib/format";
import { gateway } from "@/strings/gateway";
import { now as say } from "@/strings/now";

/** Whether the providers are well, in one line: those that were called lately, and any that has trouble. */
export function ProviderLine() {
  const { data, error, refetch } = useQuery(healthQuery);
  const told = (data?.items ?? []).filter((each) => stateOf(each).word !== "unknown");
  if (data && told.length === 0) return null;
  return (
    <Section
      title={say.providers}
      aside={
        <Link to="/gateway" className="text-accent hover:underline">
          {gateway.title}
        </Link>
      }
    >
      {error && !data ? (
        <div className="card px-4 py-3">
          <ProblemLine error={error} retry={() => void refetch()} />
        </div>
      ) : (
        <ul className="card flex min-h-[46px] flex-wrap gap-x-6 gap-y-2 px-4 py-3">
          {told.map((each) => {
            const { tone, word } = stateOf(each);
            const facts = [
              word !== "well" && gateway.states[word],
              each.error_rate !== null && each.error_rate > 0 && say.failing(failureShare(each.error_rate)),
              each.latency_ms !== null && say.toFirstByte(formatDuration(each.latency_ms)),
            ].filter(Boolean);
            return (
              <li key={each.provider} className="flex items-baseline gap-2">
                <Dot tone={tone} className="relative -top-px" />
                {each.provider} <span className="text-s text-muted">{facts.join(" · ")}</span>
              </li>
            );
          })}
        </ul>
      )}
    </Section>
  );
}
