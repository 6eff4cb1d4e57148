import { getRouteApi } from "@tanstack/react-router";

import { GoalsPage } from "@/features/goals/goals-page";

const route = getRouteApi("/inside/goals");

export function GoalsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <GoalsPage creating={search.new === true} setCreating={(open) => void navigate({ search: { new: open || undefined }, replace: true })} />;
}
