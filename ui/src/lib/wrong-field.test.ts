import { expect, test } from "vitest";

import { wrongNames } from "@/lib/wrong-field";

test("a field the server names by its path is looked for by that and by its last word", () => {
  expect(wrongNames({ code: "invalid", extra: { fields: [{ field: "body.name", problem: "too long" }] } })).toEqual(["body.name", "name"]);
});

test("a code that can only be about one field leads to it; others lead nowhere", () => {
  expect(wrongNames({ code: "name_taken", extra: {} })).toEqual(["name"]);
  expect(wrongNames({ code: "wrong_password", extra: {} })).toEqual(["current"]);
  expect(wrongNames({ code: "store_unavailable", extra: { fields: "?" } })).toEqual([]);
});
