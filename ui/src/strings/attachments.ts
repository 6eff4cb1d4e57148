import { counted } from "@/strings/common";

export const attachments = {
  title: "Files",
  attach: "Attach files",
  empty: "Drop files here, or attach them with the button: an agent that claims this task gets them.",
  drop: "Drop to attach",
  save: (name: string) => `Save ${name}`,
  remove: (name: string) => `Remove ${name}`,
  removeTitle: (name: string) => `Remove ${name}?`,
  removeHelp: "It is taken off this task, also for the agent that works on it. It cannot be brought back.",
  removeAct: "Remove the file",
  removed: (name: string) => `${name} is removed.`,
  attached: (name: string, others: number) => (others === 0 ? `${name} is attached.` : `${name} and ${counted(others)} more are attached.`),
  uploading: (name: string) => `Attaching ${name}`,
  waits: "waits",
  stop: (name: string) => `Stop attaching ${name}`,
  again: (name: string) => `Try to attach ${name} again`,
  forget: (name: string) => `Leave ${name} out`,
  refused: (name: string, why: string) => `${name} was not attached: ${why}`,
  tooLarge: (size: string, most: string) => `it has ${size}, and a file may have ${most}.`,
  nothingIn: "it is empty.",
  folder: "A folder cannot be attached: drop the files in it, or pack it into one.",
};
