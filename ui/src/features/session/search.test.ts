import { expect, test } from "vitest";

import { signInSearch } from "@/features/session/search";

test.each(["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])("after signing in, %s is not followed", (next) => {
  expect(signInSearch({ next }).next).toBeUndefined();
});

test("an address of this site is", () => {
  expect(signInSearch({ next: "/calls?agent=agt_1" }).next).toBe("/calls?agent=agt_1");
});
