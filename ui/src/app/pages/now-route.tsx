import { TeachConnect } from "@/features/agents/teach-connect";
import { NeedsList } from "@/features/needs/needs-list";
import { NowPage } from "@/features/now/now-page";
import { PasswordCard } from "@/features/session/password-card";

export function NowRoute() {
  return <NowPage needs={<NeedsList />} teach={(onDone) => <TeachConnect onDone={onDone} />} above={<PasswordCard />} />;
}
