import { NowPage } from "@/features/now/now-page";
import { WaitingReviews } from "@/features/tasks/waiting-reviews";

export function NowRoute() {
  return <NowPage waiting={<WaitingReviews />} />;
}
