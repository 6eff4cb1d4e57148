import { describe, expect, it } from "vitest";

import type { Channel, NotificationKind } from "@/api/types";
import { aboutWords, EVERYTHING, ruleOf, whereWords, withKnown } from "@/features/notifications/rule-words";

const kind = (pattern: string, group: string, name: string): NotificationKind => ({ kind: pattern, group, name, title: "", urgency: "normal" });
const KINDS = [kind("review.approved", "Reviews", "Work is approved"), kind("review.rejected", "Reviews", "Work is rejected"), kind("task.moved", "Tasks", "A task moved"), kind("task.stranded", "Tasks", "A task waits")];
const NAMES = { agents: new Map([["agt_1", "drafting"]]), projects: new Map<string, string>() };
const CHANNELS = [{ id: "chn_1", name: "Phone" } as Channel];

describe("a rule in words", () => {
  it("is about everything unless it names kinds", () => {
    expect(aboutWords(EVERYTHING, KINDS, NAMES)).toBe("Everything");
    expect(aboutWords({ ...EVERYTHING, at_least: "urgent", agent_id: "agt_1" }, KINDS, NAMES)).toBe("Everything of drafting that is urgent");
  });
  it("names a group that is there whole, else the kinds, and counts the rest", () => {
    expect(aboutWords({ ...EVERYTHING, kinds: ["review.*"] }, KINDS, NAMES)).toBe("Reviews");
    expect(aboutWords({ ...EVERYTHING, kinds: ["review.rejected", "task.moved"] }, KINDS, NAMES)).toBe("Work is rejected; A task moved");
    expect(aboutWords({ ...EVERYTHING, kinds: ["made.up"] }, KINDS, NAMES)).toBe("made.up");
  });
  it("says where, when and whether it is shown here", () => {
    expect(whereWords(EVERYTHING, CHANNELS)).toBe("here");
    expect(whereWords({ ...EVERYTHING, channels: ["chn_1"], how: "digest", in_app: false }, CHANNELS)).toBe("Phone, in a digest; not shown here");
    expect(whereWords({ ...EVERYTHING, how: "mute" }, CHANNELS)).toBe("nowhere, not even here");
  });
  it("lets go of channels that are gone", () => {
    expect(withKnown([{ ...EVERYTHING, channels: ["chn_0", "chn_1"] }], CHANNELS)[0]?.channels).toEqual(["chn_1"]);
  });
});

describe("a rule from the form", () => {
  const form = (entries: [string, string][]) => {
    const made = new FormData();
    for (const [name, value] of [["at_least", "low"], ["how", "now"], ...entries] as [string, string][]) made.append(name, value);
    return made;
  };
  it("takes what is ticked and keeps what the form does not show", () => {
    const before = { ...EVERYTHING, kinds: ["review.*", "machine.gone"], task_id: "tsk_1" };
    const after = ruleOf(form([["kinds", "task.moved"], ["channels", "chn_1"], ["here", "on"]]), before, KINDS);
    expect(after).toEqual({ ...EVERYTHING, kinds: ["task.moved", "machine.gone"], task_id: "tsk_1", channels: ["chn_1"] });
  });
  it("is about everything when nothing is ticked, and sends nothing when it mutes", () => {
    const muted = new FormData();
    for (const [name, value] of [["at_least", "low"], ["how", "mute"], ["channels", "chn_1"]] as const) muted.append(name, value);
    expect(ruleOf(muted, EVERYTHING, KINDS)).toEqual({ ...EVERYTHING, how: "mute", in_app: false });
  });
});
