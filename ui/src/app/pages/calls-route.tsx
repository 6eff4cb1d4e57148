import { getRouteApi } from "@tanstack/react-router";

import { CallsPage } from "@/features/calls/calls-page";

const route = getRouteApi("/inside/calls");

export function CallsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <CallsPage search={search} setSearch={(next) => void navigate({ search: next, replace: true })} />;
}
