import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { useMemo, useState } from "react";

import { asProblem } from "@/api/problem";
import { rollBackRoute, routeKeys, routeVersionsQuery } from "@/api/routes";
import type { Route, RouteVersion } from "@/api/types";
import { Button } from "@/components/button";
import { Confirm } from "@/components/dialog";
import { Ago } from "@/components/figures";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { diffRows } from "@/components/version/diff-rows";
import { Lines } from "@/components/version/lines";
import { lineDiff } from "@/features/gateway/tree-edit";
import { words } from "@/strings/common";
import { gateway } from "@/strings/gateway";

const say = gateway.versions;
const written = (config: unknown) => JSON.stringify(config, null, 2);

type Props = { route: Route; allowed: boolean; rolledBack: (route: Route) => void };

/** Every config a route had, each against the one before it, to go back to. */
export function RouteVersions({ route, allowed, rolledBack }: Props) {
  const client = useQueryClient();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(routeVersionsQuery(route.name));
  const [back, setBack] = useState<RouteVersion>();
  const roll = useMutation({
    mutationFn: (to: number) => rollBackRoute(route, to),
    onSuccess: (saved) => {
      toast({ text: gateway.saved, tone: "work" });
      rolledBack(saved);
    },
    onError: (problem) => toast({ text: asProblem(problem).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: routeKeys.all }),
  });
  if (error && !data) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonRows rows={3} />;
  const versions = data.pages.flatMap((page) => page.items);
  return (
    <>
      <ol className="grid gap-3">
        {versions.map((each, at) => (
          <VersionCard key={each.version} version={each} before={versions[at + 1]} act={allowed && each.version !== route.version ? () => setBack(each) : undefined} />
        ))}
      </ol>
      {hasNextPage && (
        <Button className="mt-3" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {words.more}
        </Button>
      )}
      <Confirm open={back !== undefined} onOpenChange={(open) => !open && setBack(undefined)} title={say.backTitle(back?.version ?? 0)} act={say.back} onAct={() => back && roll.mutate(back.version)}>
        {say.backHelp}
      </Confirm>
    </>
  );
}

function VersionCard({ version, before, act }: { version: RouteVersion; before: RouteVersion | undefined; act: (() => void) | undefined }) {
  const rows = useMemo(() => (before ? diffRows([lineDiff(written(before.config), written(version.config))]) : []), [before, version]);
  return (
    <li className="card overflow-hidden">
      <div className="flex flex-wrap items-center gap-2 px-4 py-2.5">
        <h2 className="font-[560]">{say.one(version.version)}</h2>
        <p className="min-w-0 flex-1 text-s text-muted">
          {version.note && <>{version.note} · </>}
          <Ago at={version.created_at} />
        </p>
        {act && (
          <Button size="s" aria-label={`${say.back}: ${say.one(version.version)}`} onClick={act}>
            <RotateCcw size={12} aria-hidden="true" /> {say.back}
          </Button>
        )}
      </div>
      <div className="overflow-x-auto border-t border-line">
        {before ? <Lines rows={rows} label={say.diff(version.version)} /> : <pre tabIndex={0} aria-label={say.one(version.version)} className="px-4 py-2 font-mono text-[12px] leading-[1.65]">{written(version.config)}</pre>}
      </div>
    </li>
  );
}
