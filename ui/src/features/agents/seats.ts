import type { SeatPrices } from "@/api/types";

type Price = SeatPrices["items"][number];

/** The price that holds at an instant: of those that began by then the last. Pure. */
export const priceAt = (prices: Price[], now: number): Price | undefined => prices.findLast((each) => Date.parse(each.valid_from) <= now);
