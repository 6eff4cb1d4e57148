import type { Review } from "@/api/types";
import { Markdown } from "@/components/markdown";
import { talk } from "@/strings/talk";

/** What a reviewer said: the message, and each note with the line it stands on. */
export function ReviewSays({ review }: { review: Review }) {
  return (
    <div className="grid gap-1.5">
      {review.body && <Markdown text={review.body} />}
      {review.comments.map((note, at) => (
        <div key={at} className="grid gap-0.5 border-l-2 border-line-strong pl-2.5">
          {note.line_from !== null && (
            <p className="text-s text-faint">
              {talk.onLine(note.line_from)}
              {note.quote && <span className="font-mono text-[12px]"> {note.quote.length > 80 ? `${note.quote.slice(0, 80)}…` : note.quote}</span>}
            </p>
          )}
          <Markdown text={note.text} />
        </div>
      ))}
    </div>
  );
}
