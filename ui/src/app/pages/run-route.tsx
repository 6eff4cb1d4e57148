import { getRouteApi } from "@tanstack/react-router";

import { ComparePage } from "@/features/runs/compare-page";
import { RunPage } from "@/features/runs/run-page";

const route = getRouteApi("/inside/runs/$runId");

const beside = getRouteApi("/inside/runs/$runId/compare/$otherId");

export function CompareRoute() {
  const { runId, otherId } = beside.useParams();
  return <ComparePage key={`${runId}-${otherId}`} runId={runId} otherId={otherId} />;
}

export function RunRoute() {
  const { runId } = route.useParams();
  return <RunPage key={runId} runId={runId} />;
}
