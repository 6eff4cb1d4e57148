import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FlaskConical, Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { deleteRoute, routeKeys, routesQuery } from "@/api/routes";
import type { Route } from "@/api/types";
import { Button, buttonClass, IconButton } from "@/components/button";
import { DeclaredChip } from "@/components/declared-chip";
import { Confirm } from "@/components/dialog";
import { Ago } from "@/components/figures";
import { Section } from "@/components/page";
import { Empty, ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { DryRunDialog } from "@/features/gateway/dry-run-dialog";
import { RouteTree } from "@/features/gateway/route-tree";
import { gateway as say } from "@/strings/gateway";

export function Routes() {
  const { data, error, refetch } = useQuery(routesQuery);
  const client = useQueryClient();
  const [trying, setTrying] = useState<string>();
  const [removing, setRemoving] = useState<Route>();
  const allowed = useMay("administer");
  const remove = useMutation({
    mutationFn: deleteRoute,
    onSuccess: () => toast({ text: say.removed }),
    onError: (problem) => toast({ text: asProblem(problem).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: routeKeys.list() }),
  });
  const add = allowed && (
    <Link to="/gateway/routes/new" className={buttonClass("primary")}>
      <Plus size={14} aria-hidden="true" /> {say.newRoute}
    </Link>
  );
  return (
    <Section title={say.routes} aside={data && data.items.length > 0 && add}>
      {error && !data ? (
        <ProblemNote error={error} retry={() => void refetch()} />
      ) : !data ? (
        <SkeletonRows rows={2} />
      ) : data.items.length === 0 ? (
        <Empty title={say.routesEmpty} action={add}>
          {say.routesHelp}
        </Empty>
      ) : (
        <ul className="grid grid-cols-[minmax(0,1fr)] gap-3">
          {data.items.map((route) => (
            <li key={route.name} className="card">
              <RouteHead route={route} allowed={allowed} attempt={setTrying} remove={setRemoving} />
              <div className="border-t border-line px-4 py-3">
                <RouteTree config={route.config} canaries={route.canaries} />
              </div>
            </li>
          ))}
        </ul>
      )}
      {trying && <DryRunDialog route={trying} onClose={() => setTrying(undefined)} />}
      <Confirm open={removing !== undefined} onOpenChange={(open) => !open && setRemoving(undefined)} title={say.removeTitle(removing?.name ?? "")} act={say.remove} onAct={() => removing && remove.mutate(removing)}>
        {say.removeHelp}
      </Confirm>
    </Section>
  );
}

type HeadProps = { route: Route; allowed: boolean; attempt: (name: string) => void; remove: (route: Route) => void };

function RouteHead({ route, allowed, attempt, remove }: HeadProps) {
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5">
      <div className="min-w-0 flex-1 basis-[240px]">
        <h3 className="font-[560] [overflow-wrap:anywhere]">{route.name}</h3>
        <p className="text-s text-muted">
          {route.summary} · {say.usedBy(route.used_by.join(", ") || say.nobody)} · <Ago at={route.updated_at} />
        </p>
      </div>
      <Button size="s" onClick={() => attempt(route.name)}>
        <FlaskConical size={12} aria-hidden="true" /> {say.try}
      </Button>
      {route.declared ? (
        <DeclaredChip />
      ) : (
        allowed && (
          <>
            <Link to="/gateway/routes/$name" params={{ name: route.name }} aria-label={say.editLabel(route.name)} className={buttonClass("plain", "s")}>
              <Pencil size={12} aria-hidden="true" /> {say.editRoute}
            </Link>
            <IconButton label={say.removeLabel(route.name)} onClick={() => remove(route)} className="hover:text-wrong">
              <Trash2 size={14} />
            </IconButton>
          </>
        )
      )}
    </div>
  );
}
