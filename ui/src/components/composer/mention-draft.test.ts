import { expect, test } from "vitest";

import { completed, meant, mentioning } from "@/components/composer/mention-draft";

const PEOPLE = [
  { id: "1", name: "Sam Adler", isAgent: false },
  { id: "2", name: "Ana", isAgent: false },
  { id: "3", name: "research", isAgent: true },
];
const KNOWN = { people: PEOPLE, more: false };

test("an @ after a space begins a mention; one inside an address does not", () => {
  expect(mentioning("ask @re", 7, KNOWN)).toEqual({ at: 4, typed: "re" });
  expect(mentioning("sam@example", 11, KNOWN)).toBeNull();
  expect(mentioning("@", 1, KNOWN)).toEqual({ at: 0, typed: "" });
});

test("a name may hold a space, as long as somebody is called so", () => {
  expect(mentioning("@Sam A", 6, KNOWN)).toEqual({ at: 0, typed: "Sam A" });
  expect(mentioning("@Ana and then", 13, KNOWN)).toBeNull();
  // Of hundreds, only some are here: one of the others may be called so.
  expect(mentioning("@Tom B", 6, { people: PEOPLE, more: true })).toEqual({ at: 0, typed: "Tom B" });
});

test("those whose name begins so come first, and a second name counts too", () => {
  expect(meant(PEOPLE, "a").map((person) => person.name)).toEqual(["Ana", "Sam Adler"]);
  expect(meant(PEOPLE, "").length).toBe(3);
});

test("the chosen name takes the place of what was typed", () => {
  const text = "ask @re about it";
  const found = mentioning(text, 7, KNOWN);
  expect(found && completed(text, 7, found, { id: "3", name: "research", isAgent: true })).toEqual({ text: "ask @research about it", caret: 14 });
});
