import { getRouteApi } from "@tanstack/react-router";

import { ChannelsPage } from "@/features/channels/channels-page";

const route = getRouteApi("/inside/channels");

export function ChannelsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <ChannelsPage creating={search.new === true} setCreating={(open) => void navigate({ search: { new: open || undefined }, replace: true })} />;
}
