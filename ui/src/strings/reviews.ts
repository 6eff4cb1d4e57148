import { counted, spelled } from "@/strings/common";

export const reviews = {
  title: "Review",
  answer: (mine: number, all: number, whole: boolean) => {
    if (all === 0) return "Nothing waits for a review.";
    const rest = all - mine;
    if (!whole) return `More than ${counted(all)} tasks wait for a review; these came first.`;
    if (mine === 0) return `${spelled(all)} ${all === 1 ? "task waits" : "tasks wait"} for somebody else's review.`;
    return `${spelled(mine)} ${mine === 1 ? "task waits" : "tasks wait"} for your review${rest > 0 ? `, ${counted(rest)} for others'` : ""}.`;
  },
  empty: "All reviewed",
  emptyHelp: "When an agent finishes a task whose policy asks for a person, what it handed in comes here.",
  queue: "Waiting for review",
  yours: "yours",
  of: (at: number, count: number) => `${at} of ${count}`,
  gone: "This task does not wait for a review any more.",
  approve: "Approve",
  changes: "Request changes",
  reject: "Reject",
  next: "Next",
  previous: "Previous",
  message: "Your message to the agent",
  messageHint: (agent: string) => `What ${agent} reads before it begins again. Notes on lines are added by themselves.`,
  messageShort: (agent: string) => `Message to ${agent}`,
  notes: (count: number) => (count === 1 ? "1 note on a line" : `${counted(count)} notes on lines`),
  sayWhat: "Say what is to change: in a message, or on a line.",
  noteOn: (line: number) => `Note on line ${line}`,
  addNote: "Add note",
  takeBack: "Take back",
  yourNote: "your note, sent with the review",
  rejectTitle: (ref: string) => `Reject ${ref}?`,
  rejectHelp: "The task is cancelled. It cannot be reopened.",
  approved: (ref: string, missing: string | null) => (missing ? `${ref} is approved by you. It still needs ${missing}.` : `${ref} is approved and done.`),
  sentBack: (ref: string) => `${ref} goes back with your message.`,
  rejected: (ref: string) => `${ref} is rejected and cancelled.`,
  stillNeeds: (missing: string) => `It needs ${missing}.`,
  costOf: "This version",
  taskCost: "The task so far",
  evidence: "Evidence",
  allCalls: "All calls of the run",
  before: "Reviews before",
  summary: (agent: string) => `${agent} says`,
  workedOnBy: (agent: string) => `${agent} is at it`,
  working: (agent: string) => `A draft: ${agent} still works on it. What you ask for reaches it as it works; it can be approved once it is handed in.`,
  told: (agent: string) => `${agent} is told, and whoever answers for it.`,
  handedInBy: (agent: string) => `handed in by ${agent}`,
  nothingIn: "nothing was handed in",
  mayNot: "Your role lets you read, not review.",
};
