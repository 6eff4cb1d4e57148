import { getRouteApi } from "@tanstack/react-router";

import { SchedulesPage } from "@/features/schedules/schedules-page";

const route = getRouteApi("/inside/schedules");

export function SchedulesRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <SchedulesPage creating={search.new === true} setCreating={(open) => void navigate({ search: { new: open || undefined }, replace: true })} />;
}
