import { counted, words } from "@/strings/common";

export const unclaimed = {
  title: "Unclaimed",
  none: "Every call belongs to a task.",
  answer: (calls: number, agents: number, cost: string) => `${words.calls(calls)} of ${agents === 1 ? "one agent" : `${counted(agents)} agents`} belong to no task, ${cost} in all`,
  help: "Traffic that no run claims: an agent that works by itself, or one that was never given a task. Say which task it was for, or make one of it: what it cost goes with it.",
  noneHelp: "Calls on an agent's own key that belong to no run come here, by agent and conversation.",
  someone: "no agent",
  single: "Calls outside any conversation",
  adopt: "Adopt into a task…",
  adoptTitle: "Which task was this for?",
  adoptHelp: (calls: string, cost: string) =>
    `${calls}, ${cost} so far, become part of it, with all its figures. Later calls go there too if their client names its session; else they come here again.`,
  task: "Open task",
  find: "Words or a number, such as T-12",
  nothingFound: "No open task is called so.",
  nothingOpen: "No task is open. Make one of it instead.",
  adopted: (calls: string, cost: string, ref: string) => `${calls}, ${cost}, belong to ${ref} now.`,
  hadAll: (ref: string) => `${ref} has all of it already.`,
  gaveBack: (calls: string) => `${calls} belong to no task again.`,
  open: (ref: string) => `Open ${ref}`,
  undo: "Undo",
  make: "Make a task of it",
  makeTitle: "Make a task of this",
  makeHelp: (calls: string, cost: string) =>
    `${calls}, ${cost} so far, become part of it. Later calls go there too if their client names its session, or once the agent claims the task.`,
  madeOnly: (ref: string, problem: string) => `${ref} is there, but the calls are not part of it yet: ${problem}`,
  tryAgain: "Try again",
  look: "Read it",
  taskTitle: "Title",
  brief: (agent: string) => `Goes on from work of ${agent} that belonged to no task.`,
  more: "Show older calls",
};
