import { counted, spelled } from "@/strings/common";

export const goals = {
  title: "Goals",
  /** "Three goals: 1 reached, 2 under way." */
  answer: (all: number, reached: number, underWay: number) =>
    all === 0 ? "No goal yet." : `${spelled(all)} ${all === 1 ? "goal" : "goals"}: ${counted(reached)} reached, ${counted(underWay)} under way.`,
  add: "New goal",
  empty: "Say what the work is for",
  emptyHelp:
    "A goal is a sentence about what shall be true in the end. Tasks name the goal that they serve; how far it is, what it has cost and when it may be reached are counted from them, never declared. An agent that claims a task is told its goal.",
  states: { empty: "No tasks yet", planned: "Not begun", under_way: "Under way", reached: "Reached", dropped: "Dropped" },
  columns: { goal: "Goal", progress: "Done", blocked: "Blocked", cost: "Cost", due: "Due", forecast: "Forecast", accountable: "Accountable", act: "Act" },
  progress: (done: number, of: number) => `${counted(done)} of ${counted(of)} done`,
  late: "after it is due",
  forecastHelp: "When the rest is done at the pace of the last two weeks.",
  edit: (name: string) => `Edit ${name}`,
  remove: "Delete the goal",
  removeLabel: (name: string) => `Delete ${name}`,
  removeTitle: (name: string) => `Delete ${name}?`,
  removeHelp: (tasks: number) => (tasks === 0 ? "No task serves it." : `${tasks === 1 ? "1 task serves" : `${counted(tasks)} tasks serve`} it and will stay as ${tasks === 1 ? "it is" : "they are"}, without a goal.`),
  removed: (name: string) => `${name} is deleted.`,
  form: {
    create: "New goal",
    edit: "Edit goal",
    name: "Name",
    statement: "What shall be true in the end",
    statementHint: "In words that an agent and a person both understand. Markdown.",
    project: "Project",
    noProject: "No project",
    accountable: "Accountable",
    due: "Due",
    actCreate: "Create goal",
    actSave: "Save",
  },
  projects: {
    title: "Projects",
    add: "New project",
    empty: "A project keeps tasks together that belong together: with a review policy and perhaps a lead agent of its own.",
    columns: { name: "Project", open: "Open", done: "Done", act: "Act" },
    held: "held",
    archived: "archived",
    edit: (name: string) => `Edit ${name}`,
    review: { none: "Nobody", one: "One person" },
    form: { create: "New project", edit: "Edit project", name: "Name", description: "Description", review: "Who reviews what is done", lead: "Lead agent", noLead: "No lead agent", archived: "In the archive: it takes no tasks and gives none to agents", actCreate: "Create project", actSave: "Save" },
  },
};
