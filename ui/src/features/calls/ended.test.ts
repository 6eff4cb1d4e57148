import { expect, test } from "vitest";

import { endedHow } from "@/features/calls/ended";

test("a stream that a budget or a person ended is not said to be cut by its provider", () => {
  expect(endedHow({ outcome: "cut", error_code: "budget_exceeded" })).toBe("Quarterdeck ended it midway");
  expect(endedHow({ outcome: "cut", error_code: "run_stopped" })).toBe("Quarterdeck ended it midway");
  expect(endedHow({ outcome: "cut", error_code: "truncated" })).toBe("The provider cut it short");
});

test("a refusal for a budget stays a refusal", () => {
  expect(endedHow({ outcome: "refused", error_code: "budget_exceeded" })).toBe("It was refused");
});
