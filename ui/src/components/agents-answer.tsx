import { useQuery } from "@tanstack/react-query";

import { sessionQuery } from "@/api/session";
import type { Stand, UrgentAgents } from "@/api/types";
import { Money } from "@/components/figures";
import { Mark } from "@/components/page";
import { clauses, total } from "@/components/status/status-words";
import { formatCount } from "@/lib/format";
import { agents as say } from "@/strings/agents";
import { words } from "@/strings/common";

type Props = { stands: Stand[]; today: UrgentAgents["today"]; of: number };

/** "Three agents work, one loops, two wait for T-1. $4.12 today." `of` is how many there are; where fewer stand here, it says for how many it speaks. */
export function AgentsAnswer({ stands, today, of }: Props) {
  const { data: session } = useQuery(sessionQuery);
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
