import { getRouteApi } from "@tanstack/react-router";

import { CallPage } from "@/features/calls/call-page";

const route = getRouteApi("/inside/calls/$callId");

export function CallRoute() {
  const { callId } = route.useParams();
  const { tab = "conversation" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <CallPage
      key={callId}
      callId={callId}
      tab={tab}
      setTab={(next) => void navigate({ search: { tab: next === "conversation" ? undefined : next }, replace: true, resetScroll: false })}
    />
  );
}
