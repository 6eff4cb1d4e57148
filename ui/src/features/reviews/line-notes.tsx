import { useState } from "react";

import type { Comment } from "@/api/types";
import { Avatar } from "@/components/avatar";
import { Button } from "@/components/button";
import { Composer } from "@/components/composer/composer";
import { Ago } from "@/components/figures";
import { Markdown } from "@/components/markdown";
import type { LineNotes } from "@/components/version/lines";
import type { Draft } from "@/features/reviews/review-draft";
import { withNote, withoutNote } from "@/features/reviews/review-draft";
import { reviews as say } from "@/strings/reviews";

/** Notes under the lines of a version: what was said before, what this reviewer has written, and one being written. */
export function useLineNotes(draft: Draft, setDraft: (draft: Draft) => void, said: Comment[]): LineNotes {
  const [writing, setWriting] = useState<{ line: number; quote: string }>();
  return {
    onPick: (line, quote) => setWriting({ line, quote }),
    under: (line) => {
      const before = said.filter((comment) => comment.line_from === line);
      const mine = draft.notes.filter((note) => note.line === line);
      const here = writing?.line === line;
      if (before.length === 0 && mine.length === 0 && !here) return null;
      return (
        <div className="grid max-w-[min(100%,640px)] gap-2 py-2 pr-4 pl-12 max-md:pl-4 font-sans text-base leading-normal whitespace-normal">
          {before.map((comment) => (
            <div key={comment.id} className="card px-3 py-2">
              <p className="flex items-center gap-2 text-s">
                <Avatar name={comment.author.name} agent={comment.author.is_agent} />
                <b>{comment.author.name}</b> <Ago at={comment.created_at} className="text-faint" />
              </p>
              <Markdown text={comment.body} />
            </div>
          ))}
          {mine.map((note, at) => (
            <div key={at} className="card flex items-start gap-2 border-l-[3px] border-l-review px-3 py-2">
              <div className="min-w-0 flex-1">
                <Markdown text={note.text} />
                <p className="text-s text-faint">{say.yourNote}</p>
              </div>
              <Button size="s" variant="quiet" onClick={() => setDraft(withoutNote(draft, note))}>
                {say.takeBack}
              </Button>
            </div>
          ))}
          {here && (
            <Composer
              autoFocus
              label={say.noteOn(line)}
              act={say.addNote}
              onCancel={() => setWriting(undefined)}
              onSend={(text) => {
                setDraft(withNote(draft, { line, quote: writing.quote, text }));
                setWriting(undefined);
                return Promise.resolve();
              }}
            />
          )}
        </div>
      );
    },
  };
}
