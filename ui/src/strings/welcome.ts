export const welcome = {
  title: "Welcome",
  answer: "Four steps to your first call",
  skip: "Skip for now",
  toNow: "Go to Now",
  done: "done",
  name: {
    title: "Name your workspace",
    label: "Name of the workspace",
    example: "Acme",
    act: "Continue",
  },
  provider: {
    title: "Add a provider",
    asking: (name: string) => `Asking ${name} whether it lets us in…`,
    other: "Use another one instead",
    declared: (name: string, problem: string) => `${name} is from quarterdeck.toml: mend it there, or add another one here. ${problem}`,
    back: (name: string) => `Back to ${name}`,
  },
  agent: {
    title: "Name an agent",
    help: "Any program that calls a model.",
    label: "Name of the agent",
    first: "first-agent",
    act: "Make its key",
  },
  call: {
    title: "Make its first call",
    lost: (name: string) => `The key of ${name} was shown only once. If you no longer have it, make another: the old one ends, unless it was used.`,
    act: "Make another key",
  },
  go: {
    title: "Your first steps are not done yet.",
    act: "Go on with them",
  },
};
