import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { agentKeys } from "@/api/agents";
import { instructionsQuery, rollBackInstructions } from "@/api/instructions";
import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import type { Agent } from "@/api/types";
import { Button } from "@/components/button";
import { Chip } from "@/components/chip";
import { Ago } from "@/components/figures";
import { Markdown } from "@/components/markdown";
import { Section } from "@/components/page";
import { ProblemNote } from "@/components/states";
import { toast } from "@/components/toast";
import { agents } from "@/strings/agents";

const say = agents.instructions;

/** What it is told, version by version, with the way back. */
export function AgentInstructions({ agent }: { agent: Agent }) {
  const { data: versions, error, refetch } = useQuery({ ...instructionsQuery(agent.id), enabled: agent.instructions !== null });
  const client = useQueryClient();
  const allowed = useMay("operate");
  const back = useMutation({
    mutationFn: (number: number) => rollBackInstructions(agent.id, number),
    onSuccess: () => toast({ text: say.rolledBack, tone: "work" }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: agentKeys.all }),
  });
  if (agent.instructions === null || (!versions && !error)) return null;
  return (
    <Section title={say.title}>
      {!versions && <ProblemNote error={error} retry={() => void refetch()} />}
      {versions && (
        <ul className="card divide-y divide-line">
          {versions.map((version) => (
            <li key={version.number} className="px-4 py-2.5">
              <details open={version.holds}>
                <summary className="cursor-pointer">
                  <b>{say.version(version.number)}</b> {version.holds && <Chip tone="work">{say.holds}</Chip>}{" "}
                  <span className="text-s text-muted">
                    {version.author.name} <Ago at={version.created_at} /> {version.note}
                  </span>
                </summary>
                <div className="mt-2">
                  <Markdown text={version.text} />
                </div>
                {allowed && !version.holds && (
                  <Button size="s" className="mt-2" busy={back.isPending} onClick={() => back.mutate(version.number)}>
                    {say.rollBack}
                  </Button>
                )}
              </details>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
