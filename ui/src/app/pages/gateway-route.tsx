import { getRouteApi } from "@tanstack/react-router";

import { GatewayPage } from "@/features/gateway/gateway-page";

const route = getRouteApi("/inside/gateway");

export function GatewayRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <GatewayPage search={search} setSearch={(next) => void navigate({ search: next, replace: true, resetScroll: false })} />;
}
