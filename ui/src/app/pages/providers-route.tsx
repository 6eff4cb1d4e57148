import { getRouteApi } from "@tanstack/react-router";

import { ProvidersPage } from "@/features/providers/providers-page";

const route = getRouteApi("/inside/providers");

export function ProvidersRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <ProvidersPage creating={search.new === true} setCreating={(open) => void navigate({ search: { new: open || undefined }, replace: true })} />;
}
