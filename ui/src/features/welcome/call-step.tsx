import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { createAgentKey, keyKeys, keysQuery, rotateKey } from "@/api/keys";
import { asProblem } from "@/api/problem";
import type { Agent } from "@/api/types";
import { Button } from "@/components/button";
import { Step } from "@/features/welcome/step";
import type { Made } from "@/features/welcome/welcome-page";
import { welcome } from "@/strings/welcome";

const say = welcome.call;

type Props = { made: Made | undefined; /** Its first call is there. */ called: boolean; open: boolean; connect: (made: Required<Made>) => ReactNode; wait: (agent: Agent) => ReactNode; onKey: (made: Required<Made>) => void };

/** The lines and their first call. A key is shown once: after the page was loaded anew there may be another. */
export function CallStep({ made, called, open, connect, wait, onKey }: Props) {
  return (
    <Step number={4} done={called} title={say.title} arrived={open && made?.secret !== undefined}>
      {open && made && (made.secret ? connect({ ...made, secret: made.secret }) : <LostKey agent={made.agent} wait={wait} onKey={onKey} />)}
    </Step>
  );
}

function LostKey({ agent, wait, onKey }: { agent: Agent } & Pick<Props, "wait" | "onKey">) {
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: async () => {
      const { items } = await client.query({ ...keysQuery(agent.id), staleTime: 0 });
      const lost = items.find((key) => key.state === "active" && key.run_id === null && key.last_used_at === null && !key.declared);
      return lost ? rotateKey(lost.id) : createAgentKey(agent.id, {});
    },
    onSuccess: ({ secret }) => {
      onKey({ agent, secret });
      void client.invalidateQueries({ queryKey: keyKeys.all });
    },
  });
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <p className="min-w-0 flex-1 basis-[260px] text-muted">{say.lost(agent.name)}</p>
        <Button variant="primary" busy={again.isPending} onClick={() => again.mutate()}>
          {say.act}
        </Button>
      </div>
      {again.error && (
        <p role="alert" className="text-s text-wrong">
          {asProblem(again.error).message}
        </p>
      )}
      {wait(agent)}
    </>
  );
}
