import { expect, test } from "vitest";

import { conditionWords, treeOf } from "@/features/gateway/tree";

test("a fallback of a weighted pair and another provider reads as a tree", () => {
  const tree = treeOf({
    strategy: { mode: "fallback", on_status_codes: [429, 503] },
    retry: { attempts: 2 },
    targets: [
      { strategy: { mode: "loadbalance" }, targets: [{ provider: "openai", weight: 3 }, { virtual_key: "azure", weight: 1, override_params: { model: "gpt-4o" } }] },
      { provider: "anthropic", request_timeout: 5_000, cache: { mode: "semantic" } },
    ],
  });
  expect([tree.mode, tree.codes, tree.retries]).toEqual(["fallback", [429, 503], 2]);
  const [pair, last] = tree.branches;
  expect(pair?.branches.map((each) => [each.provider, each.share, each.model])).toEqual([["openai", 75, null], ["azure", 25, "gpt-4o"]]);
  expect([last?.provider, last?.timeoutMs, last?.cache, last?.mode]).toEqual(["anthropic", 5_000, "semantic", null]);
});

test("each branch of a condition says when it is taken, and the default that it is otherwise", () => {
  const tree = treeOf({
    strategy: { mode: "conditional", conditions: [{ query: { "metadata.plan": { $eq: "paid" } }, then: "good" }], default: "cheap" },
    targets: [{ name: "good", provider: "openai" }, { name: "cheap", provider: "sandbox" }, { name: "unused", provider: "x" }],
  });
  expect(tree.branches.map((each) => each.when)).toEqual(['metadata.plan is "paid"', "", null]);
});

test("conditions are said in words, nested ones too", () => {
  expect(conditionWords({ $or: [{ "params.model": { $in: ["a", "b"] } }, { attempt: { $gte: 2 } }] })).toBe('params.model one of "a", "b" or attempt at least 2');
});

test("what a condition compares is named as people name it", () => {
  expect(conditionWords({ "budget.left_usd": { $lt: 0.05 }, "task.attempt": { $gte: 2 } })).toBe("dollars left of the budget below 0.05 and the task's attempt at least 2");
});

test("a canary's newcomer has its share, and every branch the place by which the server names it", () => {
  const tree = treeOf({
    strategy: { mode: "fallback" },
    targets: [{ strategy: { mode: "canary", canary: { share: 0.125 } }, targets: [{ provider: "openai" }, { provider: "anthropic" }] }, { strategy: { mode: "canary" }, targets: [{}, {}] }],
  });
  expect(tree.branches.map((each) => [each.at, each.branches.map((arm) => arm.trial)])).toEqual([
    ["config.targets[0]", [null, 12.5]],
    ["config.targets[1]", [null, 5]],
  ]);
  expect([tree.at, tree.branches[0]?.branches[1]?.at]).toEqual(["config", "config.targets[0].targets[1]"]);
});

test("a weight of nothing drains, and broken parts are left out", () => {
  expect(treeOf({ strategy: { mode: "loadbalance" }, targets: [{ provider: "a", weight: 0 }, { provider: "b", weight: 1 }, "broken"] }).branches.map((each) => each.share)).toEqual([0, 100]);
});
