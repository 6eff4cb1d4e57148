import { getRouteApi } from "@tanstack/react-router";

import { ReviewsPage } from "@/features/reviews/reviews-page";

const route = getRouteApi("/inside/reviews/$taskId");

export function ReviewsRoute() {
  return <ReviewsPage />;
}

export function ReviewRoute() {
  const { taskId } = route.useParams();
  return <ReviewsPage taskId={taskId} />;
}
