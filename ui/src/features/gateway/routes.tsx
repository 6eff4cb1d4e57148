import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { FileCode2, FlaskConical, Pencil, Plus, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { deleteRoute, routeKeys, routesQuery } from "@/api/routes";
import type { Route } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import { Chip } from "@/components/chip";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Confirm } from "@/components/dialog";
import { Ago } from "@/components/figures";
import { Section } from "@/components/page";
import { Empty, ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { DryRunDialog } from "@/features/gateway/dry-run-dialog";
import { RouteDialog } from "@/features/gateway/route-dialog";
import { gateway as say } from "@/strings/gateway";

export function Routes() {
  const { data, error, refetch } = useQuery(routesQuery);
  const client = useQueryClient();
  const [editing, setEditing] = useState<Route | "new">();
  const [trying, setTrying] = useState<string>();
  const [removing, setRemoving] = useState<Route>();
  const allowed = useMay("administer");
  const remove = useMutation({
    mutationFn: deleteRoute,
    onSuccess: () => toast({ text: say.removed }),
    onError: (problem) => toast({ text: asProblem(problem).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: routeKeys.list() }),
  });
  const columns = useMemo(() => routeColumns(allowed, setEditing, setTrying, setRemoving), [allowed]);
  const add = allowed && (
    <Button variant="primary" onClick={() => setEditing("new")}>
      <Plus size={14} aria-hidden="true" /> {say.newRoute}
    </Button>
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
        <DataTable label={say.routes} columns={columns} rows={data.items} rowId={(route) => route.name} />
      )}
      {editing && <RouteDialog {...(editing === "new" ? {} : { route: editing })} onClose={() => setEditing(undefined)} />}
      {trying && <DryRunDialog route={trying} onClose={() => setTrying(undefined)} />}
      <Confirm open={removing !== undefined} onOpenChange={(open) => !open && setRemoving(undefined)} title={say.removeTitle(removing?.name ?? "")} act={say.remove} onAct={() => removing && remove.mutate(removing)}>
        {say.removeHelp}
      </Confirm>
    </Section>
  );
}

function routeColumns(allowed: boolean, edit: (route: Route) => void, attempt: (name: string) => void, remove: (route: Route) => void): Column<Route>[] {
  return [
    { id: "name", header: say.routeColumns.name, cell: (route) => <span className="font-[560]">{route.name}</span> },
    { id: "what", header: say.routeColumns.what, cell: (route) => <span className="text-muted">{route.summary}</span> },
    { id: "used", header: say.routeColumns.used, from: "lg", cell: (route) => <span className="text-muted">{route.used_by.join(", ") || say.nobody}</span> },
    { id: "changed", header: say.routeColumns.changed, from: "md", cell: (route) => <Ago at={route.updated_at} className="text-muted" /> },
    {
      id: "act",
      header: say.routeColumns.act,
      headerHidden: true,
      align: "end",
      cell: (route) => (
        <span className="inline-flex items-center gap-1">
          <Button size="s" onClick={() => attempt(route.name)}>
            <FlaskConical size={12} aria-hidden="true" /> {say.try}
          </Button>
          {route.declared ? (
            <Chip>
              <FileCode2 size={12} aria-hidden="true" />
              <span className="max-md:sr-only">{say.declared}</span>
            </Chip>
          ) : (
            allowed && (
              <>
                <IconButton label={say.change(route.name)} onClick={() => edit(route)}>
                  <Pencil size={14} />
                </IconButton>
                <IconButton label={say.removeLabel(route.name)} onClick={() => remove(route)} className="hover:text-wrong">
                  <Trash2 size={14} />
                </IconButton>
              </>
            )
          )}
        </span>
      ),
    },
  ];
}
