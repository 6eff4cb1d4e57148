import { getRouteApi } from "@tanstack/react-router";

import { KeysPage } from "@/features/keys/keys-page";

const route = getRouteApi("/inside/keys");

export function KeysRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <KeysPage search={search} setSearch={(next) => void navigate({ search: next, replace: true, resetScroll: false })} />;
}
