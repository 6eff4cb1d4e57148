import { TeachConnect } from "@/features/agents/teach-connect";
import { NeedsList } from "@/features/needs/needs-list";
import { NowPage } from "@/features/now/now-page";

export function NowRoute() {
  return <NowPage needs={<NeedsList />} teach={(onDone) => <TeachConnect onDone={onDone} />} />;
}
