import { getRouteApi } from "@tanstack/react-router";

import { AgentsPage } from "@/features/agents/agents-page";

const route = getRouteApi("/inside/agents");

export function AgentsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <AgentsPage
      creating={search.new === true}
      setCreating={(open) => void navigate({ search: { ...search, new: open || undefined }, replace: true })}
      words={search.q ?? ""}
      find={(q) => void navigate({ search: { ...search, q: q || undefined }, replace: true, resetScroll: false })}
      retired={search.retired === true}
      setRetired={(retired) => void navigate({ search: { ...search, retired: retired || undefined }, replace: true, resetScroll: false })}
    />
  );
}
