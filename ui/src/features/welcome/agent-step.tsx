import { useMutation } from "@tanstack/react-query";

import { asProblem } from "@/api/problem";
import { OneField } from "@/features/welcome/one-field";
import { Step } from "@/features/welcome/step";
import { welcome } from "@/strings/welcome";

const say = welcome.agent;

export function AgentStep({ name, open, make }: { name: string | undefined; open: boolean; make: (name: string) => Promise<void> }) {
  const making = useMutation({ mutationFn: make });
  return (
    <Step number={3} done={name !== undefined} title={name ?? say.title}>
      {open && (
        <>
          <p className="text-s text-muted">{say.help}</p>
          <OneField label={say.label} act={say.act} defaultValue={say.first} busy={making.isPending} problem={making.error ? asProblem(making.error).message : undefined} submit={(chosen) => making.mutate(chosen)} />
        </>
      )}
    </Step>
  );
}
