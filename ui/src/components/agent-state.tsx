import { Link } from "@tanstack/react-router";
import { useCallback } from "react";

import type { Agent } from "@/api/types";
import { Dot, toneText } from "@/components/chip";
import type { Tone } from "@/components/chip";
import { cx } from "@/lib/cx";
import { formatSpan } from "@/lib/format";
import { useTicking } from "@/lib/ticker";
import { agents as say } from "@/strings/agents";
import { desired } from "@/strings/common";

export type AgentShown = { tone: Tone | "idle"; verb: "working" | "calling" | "idle" | "paused" | "retired" };

const CALLING_MS = 60_000;

/** What an agent does, as far as its runs and its traffic say. Pure. */
export function agentShown(agent: Agent, now: number): AgentShown {
  if (agent.desired === "retired") return { tone: "done", verb: "retired" };
  if (agent.desired === "paused") return { tone: "wait", verb: "paused" };
  if (agent.open_runs.length > 0) return { tone: "work", verb: "working" };
  if (agent.last_call_at && now - Date.parse(agent.last_call_at) < CALLING_MS) return { tone: "work", verb: "calling" };
  return { tone: "idle", verb: "idle" };
}

/** The agent's verb in words, ticking, with a link to what it works on. */
export function AgentVerb({ agent, className }: { agent: Agent; className?: string }) {
  const verb = useTicking(useCallback((now: number) => agentShown(agent, now).verb, [agent])) as AgentShown["verb"];
  const [run] = agent.open_runs;
  const startedAt = run?.started_at;
  const span = useTicking(useCallback((now: number) => (startedAt ? formatSpan(now - Date.parse(startedAt)) : ""), [startedAt]));
  const { tone } = agentShown(agent, verb === "idle" ? Infinity : Date.parse(agent.last_call_at ?? agent.created_at));
  return (
    <span className={cx("flex min-w-0 items-center gap-2", className)}>
      <Dot tone={tone} />
      {run && verb === "working" ? (
        <span className="min-w-0 truncate">
          <Link to="/tasks/$taskId" params={{ taskId: run.task_id }} className="hover:underline">
            {run.task_title}
          </Link>
          <span className="text-s text-faint"> · {span}</span>
          {agent.open_runs.length > 1 && <span className="text-s text-faint"> · {say.runs(agent.open_runs.length)}</span>}
        </span>
      ) : (
        <span className={cx("truncate", tone === "idle" || tone === "done" ? "text-faint" : toneText[tone])}>{verbText(verb)}</span>
      )}
    </span>
  );
}

function verbText(verb: AgentShown["verb"]): string {
  if (verb === "calling") return say.calling;
  if (verb === "idle" || verb === "working") return say.idle;
  return desired[verb].toLowerCase();
}
