import { expect, test } from "vitest";

import { sparkPath } from "@/components/spark";

test("nothing is a flat line at the bottom, and the most is the top", () => {
  expect(sparkPath([0, 0], 10, 22)).toBe("M0.0 20.0L10.0 20.0");
  expect(sparkPath([0, 4, 2], 10, 22)).toBe("M0.0 20.0L5.0 2.0L10.0 11.0");
});
