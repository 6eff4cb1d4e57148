import { Pause, Play } from "lucide-react";

import { useSetDesired } from "@/api/agent-acts";
import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import type { Agent, Desired } from "@/api/types";
import { Button } from "@/components/button";
import { toast } from "@/components/toast";
import { agents as say } from "@/strings/agents";

/** Pausing is undone as easily as it is done, so it does not ask. */
export function PauseButton({ agent, size = "s" }: { agent: Agent; size?: "s" | "m" }) {
  const set = useSetDesired({
    onDone: ({ desired }) =>
      toast({
        text: desired === "paused" ? say.paused1(agent.name) : say.enabled1(agent.name),
        ...(desired === "paused" ? { action: { label: say.undo, act: () => set.mutate({ agent, desired: "enabled" }) } } : {}),
      }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
  });
  const allowed = useMay("operate");
  if (agent.desired === "retired" || !allowed) return null;
  const paused = agent.desired === "paused";
  const to: Desired = paused ? "enabled" : "paused";
  const Icon = paused ? Play : Pause;
  return (
    <Button
      size={size}
      variant={paused ? "primary" : "plain"}
      aria-label={paused ? say.enableLabel(agent.name) : say.pauseLabel(agent.name)}
      onClick={() => set.mutate({ agent, desired: to })}
    >
      <Icon size={12} aria-hidden="true" />
      {paused ? say.enable : say.pause}
    </Button>
  );
}
