import { expect, test } from "vitest";

import type { Json } from "@/features/gateway/tree-edit";
import { changed, codesIn, forked, lineDiff, nodeAt, problemsByPlace, withMember, withMode, withoutTarget, withTarget, withTargetMoved } from "@/features/gateway/tree-edit";

const route: Json = {
  "x-unknown": { kept: true },
  strategy: { mode: "fallback", on_status_codes: [429] },
  targets: [{ provider: "a", odd: 1 }, { strategy: { mode: "loadbalance" }, targets: [{ provider: "b", weight: 2 }, { provider: "c" }] }],
};

test("a change deep in the tree leaves all else, unknown members too, as it was", () => {
  const after = changed(route, [1, 0], (node) => withMember(node, ["retry", "attempts"], 3));
  expect(nodeAt(after, [1, 0])).toEqual({ provider: "b", weight: 2, retry: { attempts: 3 } });
  expect(changed(after, [1, 0], (node) => withMember(node, ["retry", "attempts"], undefined))).toEqual(route);
  expect(nodeAt(after, [0])).toBe(nodeAt(route, [0]));
});

test("members keep their order, and what was alone in an object takes it along", () => {
  expect(Object.keys(withMember({ provider: "a", weight: 1, name: "x" }, ["weight"], 5))).toEqual(["provider", "weight", "name"]);
  expect(withMember({ override_params: { model: "m", top_p: 1 } }, ["override_params", "model"], undefined)).toEqual({ override_params: { top_p: 1 } });
});

test("targets are added, moved and taken away, and never move past an end", () => {
  const providers = (node: Json) => (node.targets as Json[]).map((each) => each.provider);
  const fork = nodeAt(route, [1]);
  expect(providers(withTarget(fork, { provider: "d" }))).toEqual(["b", "c", "d"]);
  expect(providers(withTargetMoved(fork, 1, -1))).toEqual(["c", "b"]);
  expect(withTargetMoved(fork, 1, 1)).toBe(fork);
  expect(providers(withoutTarget(fork, 0))).toEqual(["c"]);
});

test("a target becomes a fork in its own place: name and weight stay outside", () => {
  expect(forked({ name: "n", weight: 3, provider: "a", retry: { attempts: 1 } })).toEqual({
    name: "n",
    weight: 3,
    strategy: { mode: "fallback" },
    targets: [{ provider: "a", retry: { attempts: 1 } }, {}],
  });
});

test("another mode drops what only the former one knew, and names what conditions must name", () => {
  const sticky: Json = { strategy: { mode: "loadbalance", sticky: { hash_fields: ["metadata.user"] }, on_status_codes: [429], cb_config: {} }, targets: [{ provider: "a" }, { name: "own" }] };
  expect(withMode(sticky, "fallback").strategy).toEqual({ mode: "fallback", on_status_codes: [429], cb_config: {} });
  const conditional = withMode(sticky, "conditional");
  expect(conditional.targets).toEqual([{ name: "target-1", provider: "a" }, { name: "own" }]);
  expect((conditional.strategy as Json).conditions).toMatchObject([{ then: "target-1" }]);
});

test("what the server found wrong stands at the node it is about", () => {
  expect(
    problemsByPlace(["config.targets[1].targets[0].weight: expected a number", "config.strategy.mode: expected one of …", "config.targets[1]: is nested too deep", "odd"]),
  ).toEqual(
    new Map([
      ["config.targets[1].targets[0]", ["weight: expected a number"]],
      ["config", ["strategy.mode: expected one of …", "odd"]],
      ["config.targets[1]", ["is nested too deep"]],
    ]),
  );
});

test("two versions differ by the lines that changed", () => {
  expect(lineDiff("a\nb\nc", "a\nx\nc\nd").lines.map((line) => line.sign + line.text)).toEqual([" a", "-b", "+x", " c", "+d"]);
});

test("codes are numbers of three digits, or they are said to be none", () => {
  expect([codesIn("429, 503"), codesIn(" "), codesIn("4xx")]).toEqual([[429, 503], undefined, null]);
});
