import type { Raw } from "@/lib/search";
import { oneOf } from "@/lib/search";

export const LATENCY_BY = ["provider", "model", "target"] as const;
export const LATENCY_SPANS = ["24h", "7d", "30d"] as const;

/** How latencies are told apart, and over how long. */
export type GatewaySearch = { by?: (typeof LATENCY_BY)[number] | undefined; span?: (typeof LATENCY_SPANS)[number] | undefined };
export const gatewaySearch = (raw: Raw): GatewaySearch => ({ by: oneOf(raw.by, LATENCY_BY), span: oneOf(raw.span, LATENCY_SPANS) });
