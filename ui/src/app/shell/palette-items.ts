import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";

import { agentKeys, agentNamesQuery, changeAgent } from "@/api/agents";
import { asProblem } from "@/api/problem";
import { taskSearchQuery } from "@/api/tasks";
import type { AgentNames, Desired } from "@/api/types";
import { leave } from "@/app/shell/account-menu";
import { PAGES } from "@/app/shell/nav";
import { toast } from "@/components/toast";
import { chooseTheme } from "@/lib/theme";
import { states } from "@/strings/common";
import { shell } from "@/strings/shell";

export type PaletteItem = { id: string; group: string; label: string; note?: string; act: () => void };

const { palette } = shell;

/** Whether every word of `typed` begins a word of `text`, or stands in it. */
export function matches(text: string, typed: string): boolean {
  const inText = text.toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => inText.includes(word));
}

function useAgentActions(): (agent: AgentNames["items"][number], desired: Desired) => void {
  const client = useQueryClient();
  return (agent, desired) => {
    changeAgent(agent.id, { desired }).then(
      () => {
        void client.invalidateQueries({ queryKey: agentKeys.all });
        toast({ text: desired === "paused" ? palette.paused(agent.name) : palette.enabled(agent.name), tone: "work" });
      },
      (error: unknown) => toast({ text: asProblem(error).message, tone: "wrong" }),
    );
  };
}

/** What was found. `looking`: more may come; `problem`: some of it could not be looked up, and what asks again. */
type Found = { items: PaletteItem[]; looking: boolean; problem: { error: unknown; retry: () => void } | undefined };

export function usePaletteItems(typed: string): Found {
  const navigate = useNavigate();
  const setDesired = useAgentActions();
  const names = useQuery(agentNamesQuery);
  const search = useQuery(taskSearchQuery(typed.trim()));
  const [agents, tasks] = [names.data, search.data];
  const missing = [names, search].filter((each) => each.isError && each.data === undefined);
  const items = useMemo(() => {
    const pages = PAGES.map((page) => ({ id: page.to, group: palette.pages, label: page.label, note: page.key, act: () => void navigate({ to: page.to }) }));
    const acts: PaletteItem[] = [
      { id: "new-task", group: palette.actions, label: palette.newTask, note: "c", act: () => void navigate({ to: "/board", search: { new: true } }) },
      { id: "new-agent", group: palette.actions, label: palette.newAgent, act: () => void navigate({ to: "/agents", search: { new: true } }) },
      { id: "new-provider", group: palette.actions, label: palette.newProvider, act: () => void navigate({ to: "/providers", search: { new: true } }) },
      ...(["system", "light", "dark"] as const).map((theme) => ({
        id: `theme-${theme}`,
        group: palette.actions,
        label: `${shell.theme}: ${shell.themes[theme]}`,
        act: () => chooseTheme(theme),
      })),
      { id: "sign-out", group: palette.actions, label: shell.signOut, act: () => void leave() },
    ];
    const people = (agents?.items ?? []).filter((agent) => agent.desired !== "retired");
    const found: PaletteItem[] = [...pages, ...acts].filter((item) => matches(item.label, typed));
    if (!typed.trim()) return found;
    const agentRows = people
      .filter((agent) => matches(agent.name, typed))
      .slice(0, 6)
      .map((agent) => ({
        id: agent.id,
        group: palette.agents,
        label: agent.name,
        act: () => void navigate({ to: "/agents/$agentId", params: { agentId: agent.id } }),
      }));
    const agentActs = people.flatMap((agent) => {
      const to: Desired = agent.desired === "paused" ? "enabled" : "paused";
      const label = to === "paused" ? palette.pause(agent.name) : palette.enable(agent.name);
      return matches(label, typed) ? [{ id: `${to}-${agent.id}`, group: palette.actions, label, act: () => setDesired(agent, to) }] : [];
    });
    const taskRows = (tasks?.items ?? []).map((task) => ({
      id: task.id,
      group: palette.tasks,
      label: `${task.ref} ${task.title}`,
      note: states[task.state],
      act: () => void navigate({ to: "/tasks/$taskId", params: { taskId: task.id } }),
    }));
    return [...found.filter((item) => item.group === palette.pages), ...agentRows, ...taskRows, ...found.filter((item) => item.group !== palette.pages), ...agentActs.slice(0, 6)];
  }, [agents, tasks, typed, navigate, setDesired]);
  return {
    items,
    looking: names.isLoading || search.isLoading,
    problem: missing[0] && { error: missing[0].error, retry: () => missing.forEach((each) => void each.refetch()) },
  };
}
