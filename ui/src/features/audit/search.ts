import type { Raw } from "@/lib/search";
import { text } from "@/lib/search";

/** `of`: the kind of things whose changes are shown. */
export type AuditSearch = { of?: string | undefined };
export const auditSearch = (raw: Raw): AuditSearch => ({ of: text(raw.of) });
