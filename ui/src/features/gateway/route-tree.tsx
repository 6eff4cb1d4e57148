import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { healthQuery } from "@/api/routes";
import { Chip, Dot } from "@/components/chip";
import { stateOf } from "@/components/provider-health";
import type { Branch } from "@/features/gateway/tree";
import { treeOf } from "@/features/gateway/tree";
import { gateway } from "@/strings/gateway";

const say = gateway.tree;

/** Where calls go, as a tree: how each fork chooses, and at each leaf the provider and how it is. */
export function RouteTree({ config }: { config: Record<string, unknown> }) {
  const tree = useMemo(() => treeOf(config), [config]);
  return tree.branches.length > 0 ? <Fork branch={tree} /> : <Leaf branch={tree} />;
}

function Fork({ branch }: { branch: Branch }) {
  return (
    <div>
      <Line branch={branch}>
        <span className="font-[510]">{say.modes[branch.mode ?? ""] ?? branch.mode}</span>
      </Line>
      <ul className="mt-1 ml-[3px] grid gap-1.5 border-l border-line-strong pl-4">
        {branch.branches.map((each, at) => (
          <li key={at} className="relative before:absolute before:top-3 before:-left-4 before:w-3 before:border-t before:border-line-strong">
            {each.branches.length > 0 ? <Fork branch={each} /> : <Leaf branch={each} />}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Leaf({ branch }: { branch: Branch }) {
  const { data } = useQuery(healthQuery);
  const health = data?.items.find((each) => each.provider === branch.provider);
  const look = health && stateOf(health);
  return (
    <Line branch={branch}>
      <Dot tone={look?.tone ?? "idle"} className="relative -top-px" />
      <span className="font-[510]">{branch.provider ?? say.asked}</span>
      {branch.model && <span className="text-muted">{branch.model}</span>}
      <span className="text-s text-muted">{gateway.states[look?.word ?? "unknown"]}</span>
    </Line>
  );
}

/** What stands before and behind every branch: its share, its condition, what it does about failures. */
function Line({ branch, children }: { branch: Branch; children: React.ReactNode }) {
  return (
    <div className="flex min-h-6 flex-wrap items-baseline gap-x-2 gap-y-1">
      {branch.when !== null && <span className="text-s text-muted">{branch.when === "" ? say.otherwise : `${say.when} ${branch.when}`}</span>}
      {branch.share !== null && <span className="num text-s text-muted">{branch.share === 0 ? say.drained : say.weight(branch.share)}</span>}
      {children}
      {branch.codes.length > 0 && <Chip>{say.on(branch.codes.join(", "))}</Chip>}
      {branch.retries !== null && branch.retries > 0 && <Chip>{say.tries(branch.retries)}</Chip>}
      {branch.timeoutMs !== null && <Chip>{say.timeout(branch.timeoutMs)}</Chip>}
      {branch.cache && <Chip>{say.cache(branch.cache)}</Chip>}
      {branch.sticky && <Chip>{say.sticky}</Chip>}
    </div>
  );
}
