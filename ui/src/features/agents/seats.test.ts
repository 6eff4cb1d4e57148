import { expect, test } from "vitest";

import { priceAt } from "@/features/agents/seats";

const price = (nano: number, day: number) => ({ nano_per_hour: nano, valid_from: `2026-11-${day}T10:00:00.000000Z`, set_by: null });

test("the price that began last holds; one that is still to come does not, and before the first there is none", () => {
  const prices = [price(1, 10), price(2, 12), price(3, 20)];
  expect(priceAt(prices, Date.parse("2026-11-12T10:00:00Z"))?.nano_per_hour).toBe(2);
  expect(priceAt(prices, Date.parse("2026-11-30T10:00:00Z"))?.nano_per_hour).toBe(3);
  expect(priceAt(prices, Date.parse("2026-11-09T10:00:00Z"))).toBeUndefined();
});
