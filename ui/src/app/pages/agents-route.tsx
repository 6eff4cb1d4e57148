import { getRouteApi } from "@tanstack/react-router";

import { AgentsPage } from "@/features/agents/agents-page";

const route = getRouteApi("/inside/agents");

export function AgentsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <AgentsPage creating={search.new === true} setCreating={(open) => void navigate({ search: { new: open || undefined }, replace: true })} />;
}
