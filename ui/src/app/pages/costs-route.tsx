import { getRouteApi } from "@tanstack/react-router";

import { CostsPage } from "@/features/costs/costs-page";

const route = getRouteApi("/inside/costs");

export function CostsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <CostsPage search={search} setSearch={(next) => void navigate({ search: next, replace: true, resetScroll: false })} />;
}
