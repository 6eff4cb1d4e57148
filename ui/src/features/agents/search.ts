import type { FindSearch, Raw } from "@/lib/search";
import { findSearch, flag } from "@/lib/search";

/** `retired`: those are shown too. */
export type AgentsSearch = FindSearch & { retired?: true | undefined };
export const agentsSearch = (raw: Raw): AgentsSearch => ({ ...findSearch(raw), retired: flag(raw.retired) });
