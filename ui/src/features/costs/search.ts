import type { CostBy } from "@/api/costs";
import type { Raw, Span } from "@/lib/search";
import { oneOf, SPANS } from "@/lib/search";

export const COST_BY = ["agent", "task", "project", "person", "model", "provider", "tag"] as const satisfies readonly CostBy[];
export type CostsSearch = { by?: (typeof COST_BY)[number] | undefined; span?: Span | undefined };
export const costsSearch = (raw: Raw): CostsSearch => ({ by: oneOf(raw.by, COST_BY), span: oneOf(raw.span, SPANS) });
