import { expect, test } from "vitest";

import { fitsWords, groupedKinds } from "@/components/channels/kinds";

test("each kind is offered once, in its group", () => {
  const kind = (kind: string, group: string) => ({ kind, group, name: `${kind} in words` });
  expect(groupedKinds([kind("task.moved", "Tasks"), kind("review.approved", "Reviews"), kind("task.moved", "Tasks"), kind("task.stranded", "Tasks")])).toEqual([
    { group: "Tasks", kinds: [{ kind: "task.moved", name: "task.moved in words" }, { kind: "task.stranded", name: "task.stranded in words" }] },
    { group: "Reviews", kinds: [{ kind: "review.approved", name: "review.approved in words" }] },
  ]);
});

test("all words that were typed have to be there, in any order and case", () => {
  expect(fitsWords("Used BUDGET", "Budgets", "A budget is used up")).toBe(true);
  expect(fitsWords("budget spent", "Budgets", "A budget is used up")).toBe(false);
  expect(fitsWords("  ", "Budgets")).toBe(true);
});
