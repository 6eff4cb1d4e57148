import { counted, words } from "@/strings/common";

export const unclaimed = {
  title: "Unclaimed",
  none: "Every call belongs to a task.",
  answer: (calls: number, agents: number) => `${words.calls(calls)} of ${agents === 1 ? "one agent" : `${counted(agents)} agents`} belong to no task`,
  help: "Traffic that no run claims: an agent that works by itself, or one that was never given a task. Make a task of a conversation, and say who answers for it.",
  noneHelp: "Calls on an agent's own key that belong to no run come here, by agent and conversation.",
  conversation: "Conversation",
  first: "Began",
  last: "Last call",
  someone: "no agent",
  make: "Make a task of it",
  makeTitle: "Make a task of this conversation",
  makeHelp: (calls: string, cost: string) => `${calls}, ${cost} so far, stay where the ledger has them; work from now on belongs to the task once the agent claims it.`,
  made: (ref: string) => `${ref} is ready to be claimed.`,
  look: "Read it",
  taskTitle: "Title",
  brief: (agent: string) => `Goes on from a conversation of ${agent} that belonged to no task.`,
  more: "Show older calls",
};
