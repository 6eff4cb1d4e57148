import { expect, test } from "vitest";

import type { SignalPolicy } from "@/api/types";
import type { RuleScope } from "@/components/signal-rules/rules";
import { chosen, floorsOf, responsesTo, rulesFor, unsaved, without, written } from "@/components/signal-rules/rules";

const aPolicy = (change: Partial<SignalPolicy>): SignalPolicy => ({ scope: "workspace", subject_id: null, kind: "stuck", response: "observe", floor_s: null, ...change });
const WORKSPACE: RuleScope = { scope: "workspace", subjectId: null };
const AGENT: RuleScope = { scope: "agent", subjectId: "agt_1" };
const ruleOf = (scope: RuleScope, policies: SignalPolicy[], kind = "stuck") => {
  const found = rulesFor(scope, policies).find((each) => each.kind === kind);
  if (!found) throw new Error(`no rule for ${kind}`);
  return found;
};

test("where nobody said what to do, people are told, and of calls without a task it is only shown", () => {
  expect(ruleOf(WORKSPACE, [])).toEqual({ kind: "stuck", own: null, inherited: "notify", from: "default", floor_s: null });
  expect(ruleOf(WORKSPACE, [], "unclaimed_traffic").inherited).toBe("observe");
});

test("an agent's own rule is its own, and another agent's is not", () => {
  const policies = [aPolicy({ floor_s: 60 }), aPolicy({ scope: "agent", subject_id: "agt_1", response: "kill" })];
  expect(ruleOf(AGENT, policies)).toEqual({ kind: "stuck", own: "kill", inherited: "observe", from: "workspace", floor_s: null });
  expect(ruleOf({ ...AGENT, subjectId: "agt_2" }, policies)).toMatchObject({ own: null, inherited: "observe", from: "workspace" });
});

test("where a project has a rule, an agent's page does not claim to know which holds", () => {
  expect(ruleOf(AGENT, [aPolicy({ scope: "project", subject_id: "prj_1" })])).toMatchObject({ own: null, from: "project" });
});

test("a provider's trouble is no agent's and no project's, and traffic without a task is in no project", () => {
  const kinds = (scope: RuleScope) => rulesFor(scope, []).map((each) => each.kind);
  expect(kinds(WORKSPACE)).toHaveLength(10);
  expect(kinds(AGENT)).not.toContain("provider_trouble");
  expect(kinds(AGENT)).toContain("unclaimed_traffic");
  expect(kinds({ scope: "project", subjectId: "prj_1" })).not.toContain("unclaimed_traffic");
});

test("only what is about a run's own doing may stop it", () => {
  expect(responsesTo("looping")).toContain("kill");
  expect(responsesTo("forecast")).toEqual(["off", "observe", "notify"]);
});

test("only stuck and silent have a least time, and one that was set by the API is offered too", () => {
  expect(floorsOf("looping", null)).toEqual([]);
  expect(floorsOf("stuck", null)).toContainEqual({ value: null, seconds: 1_200 });
  expect(floorsOf("silent", 77)).toContainEqual({ value: 77, seconds: 77 });
});

test("a choice that is as it is kept is no change", () => {
  const rules = rulesFor(WORKSPACE, [aPolicy({})]);
  const rule = ruleOf(WORKSPACE, [aPolicy({})]);
  const draft = chosen({}, rule, { response: "pause" });
  expect(unsaved(draft, rules)).toEqual({ stuck: { response: "pause" } });
  expect(unsaved(chosen(draft, rule, { response: "observe" }), rules)).toEqual({});
});

test("what is chosen while a save is under way outlives it, the way back included", () => {
  const rule = ruleOf(AGENT, []);
  const saved = chosen({}, rule, { response: "kill" });
  expect(without(saved, saved)).toEqual({});
  const back = without(chosen(saved, rule, { response: null }), saved);
  expect(unsaved(back, rulesFor(AGENT, [])), "nothing before it is saved").toEqual({});
  expect(unsaved(back, rulesFor(AGENT, [aPolicy({ scope: "agent", subject_id: "agt_1", response: "kill" })]))).toEqual({ stuck: { response: null } });
});

test("a rule is taken back by writing none, and one with a least time of its own keeps that", () => {
  const own = [aPolicy({ scope: "agent", subject_id: "agt_1", response: "kill" })];
  expect(written(AGENT, rulesFor(AGENT, own), { stuck: { response: null } })).toEqual([{ scope: "agent", subject_id: "agt_1", kind: "stuck", response: null }]);
  const timed = rulesFor(WORKSPACE, [aPolicy({ response: "kill", floor_s: 60 })]);
  expect(written(WORKSPACE, timed, { stuck: { response: null } })).toMatchObject([{ response: "notify", floor_s: 60 }]);
  expect(written(WORKSPACE, timed, { stuck: { response: null, floor_s: null } })).toMatchObject([{ response: null }]);
});

test("what is written keeps what was not changed: the least time, or the response", () => {
  const rules = rulesFor(WORKSPACE, [aPolicy({ floor_s: 3_600 })]);
  const common = { scope: "workspace", subject_id: null };
  expect(written(WORKSPACE, rules, { stuck: { response: "pause" }, silent: { floor_s: 60 } })).toEqual([
    { ...common, kind: "stuck", response: "pause", floor_s: 3_600 },
    { ...common, kind: "silent", response: "notify", floor_s: 60 },
  ]);
});
