import { useQuery } from "@tanstack/react-query";
import { createContext, useContext, useMemo } from "react";

import { healthQuery } from "@/api/routes";
import type { Canary } from "@/api/types";
import type { Tone } from "@/components/chip";
import { Chip, Dot } from "@/components/chip";
import { Ago } from "@/components/figures";
import { stateOf } from "@/components/provider-health";
import type { Branch } from "@/features/gateway/tree";
import { treeOf } from "@/features/gateway/tree";
import { formatCount, formatShare } from "@/lib/format";
import { gateway } from "@/strings/gateway";

const say = gateway.tree;

/** Where calls go, as a tree: how each fork chooses, and at each leaf the provider and how it is. */
export function RouteTree({ config, canaries }: { config: Record<string, unknown>; canaries: Canary[] }) {
  const tree = useMemo(() => treeOf(config), [config]);
  return <Canaries value={canaries}>{tree.branches.length > 0 ? <Fork branch={tree} /> : <Leaf branch={tree} />}</Canaries>;
}

const Canaries = createContext<Canary[]>([]);

function Fork({ branch }: { branch: Branch }) {
  const canary = useContext(Canaries).find((each) => each.at === branch.at);
  return (
    <div>
      <Line branch={branch}>
        <span className="font-[510]">{say.modes[branch.mode ?? ""] ?? branch.mode}</span>
        {branch.mode === "canary" && <Verdict canary={canary} />}
      </Line>
      <ul className="mt-1 ml-[3px] grid gap-1.5 border-l border-line-strong pl-4">
        {branch.branches.map((each, at) => (
          <li key={at} className="relative before:absolute before:top-3 before:-left-4 before:w-3 before:border-t before:border-line-strong">
            {each.branches.length > 0 ? <Fork branch={each} /> : <Leaf branch={each} />}
            {each.trial !== null && <Newcomer share={each.trial} canary={canary} />}
          </li>
        ))}
      </ul>
    </div>
  );
}

const TONE: Record<string, Tone> = { promoted: "done", rolled_back: "wrong" };

/** What became of a canary, and since when. */
function Verdict({ canary }: { canary: Canary | undefined }) {
  const verdict = canary?.verdict ?? "undecided";
  return (
    <Chip tone={TONE[verdict] ?? "plain"}>
      {say.verdicts[verdict] ?? verdict}
      {canary?.since && (
        <>
          {" "}
          · <Ago at={canary.since} />
        </>
      )}
    </Chip>
  );
}

/** How much the newcomer of a canary gets now, and what was seen of both that decides on it. */
function Newcomer({ share, canary }: { share: number; canary: Canary | undefined }) {
  const now = canary?.verdict === "promoted" ? 100 : canary?.verdict === "rolled_back" ? 0 : share;
  return (
    <p className="text-s text-muted">
      {say.newcomer(now, formatShare(now / 100))}
      {canary?.why && <>; {canary.why}</>}
      {canary ? <>. {say.seen(failing(canary.newcomer), failing(canary.stable))}.</> : <>. {say.unseen}</>}
    </p>
  );
}

const failing = ({ answered, failed }: Canary["stable"]): string => say.failing(formatCount(failed), formatCount(answered));

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
    <div className="flex min-h-6 min-w-0 flex-wrap items-baseline gap-x-2 gap-y-1 [overflow-wrap:anywhere] [&>span]:min-w-0">
      {branch.when !== null && <span className="text-s text-muted">{branch.when === "" ? say.otherwise : `${say.when} ${branch.when}`}</span>}
      {branch.share !== null && <span className="num text-s text-muted">{branch.share === 0 ? say.drained : formatShare(branch.share / 100)}</span>}
      {children}
      {branch.codes.length > 0 && <Chip>{say.on(branch.codes.join(", "))}</Chip>}
      {branch.retries !== null && branch.retries > 0 && <Chip>{say.tries(branch.retries)}</Chip>}
      {branch.timeoutMs !== null && <Chip>{say.timeout(branch.timeoutMs)}</Chip>}
      {branch.cache && <Chip>{say.cache(branch.cache)}</Chip>}
      {branch.sticky && <Chip>{say.sticky}</Chip>}
    </div>
  );
}
