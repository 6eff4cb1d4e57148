import { useQuery } from "@tanstack/react-query";

import { sessionQuery } from "@/api/session";
import type { UrgentAgents } from "@/api/types";
import { Money } from "@/components/figures";
import { Mark } from "@/components/page";
import { clauses, standsOf, total } from "@/components/status/status-words";
import { formatCount } from "@/lib/format";
import { agents as say } from "@/strings/agents";
import { words } from "@/strings/common";

/** "Three agents work, one loops, two wait for T-1. $4.12 today." Where not all were looked at, it says for how many it speaks. */
export function AgentsAnswer({ all: { items, stands: counted, present: of, today } }: { all: UrgentAgents }) {
  const { data: session } = useQuery(sessionQuery);
  // Rows follow the wire; what the server counted is a moment older.
  const stands = items.length >= of ? standsOf(items) : counted;
  const parts = clauses(stands, session?.member.id);
  const { cost_nano: cost, unpriced_calls: unpriced } = today;
  return (
    <>
      {total(stands) < of && say.ofTheFirst(formatCount(total(stands)), formatCount(of))}
      {parts.map((part, at) => (
        <span key={part.text}>
          {at > 0 && (at === parts.length - 1 ? ` ${words.and} ` : ", ")}
          {part.tone ? <Mark tone={part.tone}>{part.text}</Mark> : part.text}
        </span>
      ))}
      . <Money nano={cost} /> {say.today}
      {unpriced > 0 && (
        <>
          {" "}
          <Mark tone="wait">{words.andUnpriced(unpriced)}</Mark>
        </>
      )}
      .
    </>
  );
}
