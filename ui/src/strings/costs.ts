import { words } from "@/strings/common";

export const costs = {
  title: "Costs",
  today: "so far today",
  inWindow: { "1h": "in the last hour", today: "so far today", "24h": "in the last 24 hours", "7d": "in the last 7 days", "30d": "in the last 30 days" },
  windows: { "1h": "1 hour", today: "Today", "24h": "24 hours", "7d": "7 days", "30d": "30 days" },
  windowLabel: "How far back",
  byLabel: "Split by",
  by: { agent: "Agent", task: "Task", project: "Project", person: "Person", model: "Model", provider: "Provider", tag: "Tag" },
  chart: (by: string, span: string) => `Cost ${span}, by ${by.toLowerCase()}, in US dollars`,
  chartTitle: "Over time",
  tableTitle: (by: string) => `By ${by.toLowerCase()}`,
  columns: { time: "From", calls: "Calls", failed: "Failed", tokensIn: "Tokens in", cached: "From cache", tokensOut: "Tokens out", cost: "Cost", share: "Share" },
  others: "Others",
  none: { agent: "No agent", task: "No task", project: "No project", person: "Nobody: no task", model: "not known", provider: "not known", tag: "not known" },
  byTag: "A call counts once for each of its tags; calls without a tag are not shown.",
  unpricedNote: (count: number) => `${words.calls(count)} of models without a known price ${count === 1 ? "is" : "are"} not in these sums.`,
  estimatedNote: (count: number) => `${words.calls(count)} ${count === 1 ? "is" : "are"} estimated, because the provider reported no usage.`,
  empty: "Nothing was spent in this time.",
  emptyHelp: "Every call through the gateway is priced from the provider's own usage and shows up here within seconds.",
  utc: "Days and hours are UTC.",
};
