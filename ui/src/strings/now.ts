import { counted } from "@/strings/common";

export const now = {
  title: "Now",
  spendRate: "Spent in the last hour",
  today: "Today",
  sinceMidnight: "since midnight UTC",
  callsToday: "Calls today",
  failed: (count: number) => `${counted(count)} failed`,
  unpricedToday: "Unpriced today",
  open: "Open tasks",
  inHand: (count: number) => `${counted(count)} in progress`,
  agents: "Agents, live",
  task: "Task",
  lastTen: "Last 10 min",
  thisRun: "This run",
  spark: (calls: number) => `${counted(calls)} calls in the last 10 minutes`,
  lastCalls: "Last calls",
  allCalls: "All calls",
  emptyTitle: "Welcome. Connect an agent, and watch its first call.",
  steps: {
    provider: "Add a provider",
    providerHelp: "Where model calls go: OpenAI, Anthropic or any compatible server, with its key.",
    task: "Put a task on the board",
    taskHelp: "So that calls, cost and results belong to a piece of work.",
    done: "done",
  },
};
