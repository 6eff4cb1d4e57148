import type { CallPage } from "@/api/types";
import { formatInstant } from "@/lib/format";
import { calls } from "@/strings/calls";

const say = calls.found;

/** How far a search for words reaches, where that is not over all calls. */
export function SearchNote({ reach }: { reach: CallPage["search"] }) {
  const lines = [
    reach?.indexed_until && say.until(formatInstant(reach.indexed_until)),
    reach?.indexed_since && say.since(formatInstant(reach.indexed_since)),
  ].filter(Boolean);
  if (lines.length === 0) return null;
  return (
    <p role="status" className="mb-2 text-s text-muted">
      {lines.join(" ")}
    </p>
  );
}
