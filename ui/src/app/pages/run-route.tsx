import { getRouteApi } from "@tanstack/react-router";

import { RunPage } from "@/features/runs/run-page";

const route = getRouteApi("/inside/runs/$runId");

export function RunRoute() {
  const { runId } = route.useParams();
  return <RunPage key={runId} runId={runId} />;
}
