import { TeachConnect } from "@/features/agents/teach-connect";
import { NeedsList } from "@/features/needs/needs-list";
import { NowPage } from "@/features/now/now-page";
import { ProviderDialog } from "@/features/providers/provider-dialog";

export function NowRoute() {
  return <NowPage needs={<NeedsList />} teach={(onDone, number) => <TeachConnect onDone={onDone} number={number} />} provide={(onClose, provider) => <ProviderDialog {...(provider ? { provider } : {})} onClose={onClose} />} />;
}
