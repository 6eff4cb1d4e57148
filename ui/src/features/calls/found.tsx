import type { ListedCall } from "@/api/types";
import { calls } from "@/strings/calls";

const say = calls.found;

/** Where in the call the words are: a piece of its text with what was searched for marked in it. */
export function Found({ call }: { call: ListedCall }) {
  if (!call.found) return <span className="text-faint">{say.gone}</span>;
  return (
    <span className="line-clamp-2 text-s whitespace-normal text-muted [overflow-wrap:anywhere]">
      <span className="text-faint">{say.where[call.found.where]}: </span>
      {call.found.pieces.map((piece, at) =>
        piece.hit ? (
          <mark key={at} className="rounded-[2px] bg-wait-soft font-[560] text-ink">
            {piece.text}
          </mark>
        ) : (
          <span key={at}>{piece.text}</span>
        ),
      )}
    </span>
  );
}
