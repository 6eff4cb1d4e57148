import { getRouteApi } from "@tanstack/react-router";

import { AuditPage } from "@/features/audit/audit-page";

const route = getRouteApi("/inside/audit");

export function AuditRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <AuditPage search={search} setSearch={(next) => void navigate({ search: next, replace: true, resetScroll: false })} />;
}
