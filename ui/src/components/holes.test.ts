import { expect, test } from "vitest";

import { filled, holesIn } from "@/components/holes";

test("a template asks for each variable once, in the order of its texts, and never for what fills itself in", () => {
  expect(holesIn(["Report for {{customer}}, {{week}}", "Of {{ tone }} tone, for {{customer}}.\n{{payload.branch}} {{1st}} {not} {{}}"])).toEqual(["customer", "tone"]);
});

test("a text shows what was given so far and keeps the holes that nothing fills yet", () => {
  expect(filled("Report for {{ customer }} in {{tone}} words, {{date}}", { customer: "$& Acme", tone: "" })).toBe("Report for $& Acme in {{tone}} words, {{date}}");
});
