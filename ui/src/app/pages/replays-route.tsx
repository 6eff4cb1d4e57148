import { getRouteApi } from "@tanstack/react-router";

import { ReplayPage } from "@/features/replays/replay-page";
import { ReplaysPage } from "@/features/replays/replays-page";

const route = getRouteApi("/inside/replays/$replayId");

export function ReplaysRoute() {
  return <ReplaysPage />;
}

export function ReplayRoute() {
  const { replayId } = route.useParams();
  return <ReplayPage key={replayId} replayId={replayId} />;
}
