import type { Raw } from "@/lib/search";
import { oneOf } from "@/lib/search";

/** Which keys are shown; without it, those that last. */
export type KeysSearch = { show?: "runs" | "gone" | undefined };
export const keysSearch = (raw: Raw): KeysSearch => ({ show: oneOf(raw.show, ["runs", "gone"] as const) });
