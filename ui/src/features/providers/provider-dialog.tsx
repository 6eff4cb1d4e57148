import { useQuery } from "@tanstack/react-query";

import { providerKindsQuery } from "@/api/providers";
import type { Provider } from "@/api/types";
import { Dialog } from "@/components/dialog";
import type { ProviderProblem } from "@/components/provider-checked";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { ProviderForm } from "@/features/providers/provider-form";
import { providers } from "@/strings/providers";

const say = providers.form;

type Props = { provider?: Provider; onClose: () => void };

/** A provider's secret goes in here and never comes out: an empty field keeps the stored one. What is saved is tried at once. */
export function ProviderDialog({ provider, onClose }: Props) {
  return (
    <Dialog open onOpenChange={onClose} title={provider ? say.edit(provider.name) : say.create}>
      <ProviderAsked provider={provider} onClose={onClose} />
    </Dialog>
  );
}

type AskedProps = { provider: Provider | undefined; /** What is known to be wrong with it. */ problem?: ProviderProblem | undefined; /** In a dialog it can be closed; in place it is all there is, and asks for as little as it can. */ onClose?: () => void };

/** The form, once it is known which kinds there are. */
export function ProviderAsked(props: AskedProps) {
  const { data: kinds, error, refetch } = useQuery(providerKindsQuery);
  return kinds ? <ProviderForm kinds={kinds.items} {...props} /> : error ? <ProblemNote error={error} retry={() => void refetch()} /> : <SkeletonRows rows={3} />;
}
