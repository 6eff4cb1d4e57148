export const audit = {
  title: "Audit",
  answer: "Every change, who made it, and what it was before.",
  below: "Each entry holds the hash of the one before it. quarterdeck audit verify proves that nothing was changed or taken out.",
  all: "Everything",
  families: { agent: "Agents", key: "Keys", task: "Tasks", run: "Runs", review: "Reviews", provider: "Providers", member: "Members", route: "Routes", budget: "Budgets", channel: "Channels", schedule: "Schedules", lever: "Stop lever" },
  columns: { when: "When", what: "What", who: "Who", via: "How", change: "Change" },
  system: "Quarterdeck itself",
  for: (name: string) => `for ${name}`,
  more: "Older",
  empty: "Nothing of that kind yet",
  nothing: "No row was changed.",
  changed: (count: number) => (count === 1 ? "1 value" : `${count} values`),
} as const;
