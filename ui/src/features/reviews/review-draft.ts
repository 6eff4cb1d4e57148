import { useEffect, useState } from "react";

import type { ReviewDraft, Verdict } from "@/api/types";
import { remember, remembered } from "@/lib/storage";

export type Note = { line: number; quote: string; text: string };
/** What a reviewer has written so far: a message, notes on lines, and the criteria found met (null: as they were). */
export type Draft = { body: string; notes: Note[]; met: number[] | null };

export const EMPTY: Draft = { body: "", notes: [], met: null };

const QUOTE_LENGTH = 1_000;

export const withNote = (draft: Draft, note: Note): Draft => ({
  ...draft,
  notes: [...draft.notes, note].sort((a, b) => a.line - b.line),
});

export const withoutNote = (draft: Draft, note: Note): Draft => ({ ...draft, notes: draft.notes.filter((each) => each !== note) });

export const withMet = (draft: Draft, met: number[], at: number): Draft => ({
  ...draft,
  met: met.includes(at) ? met.filter((each) => each !== at) : [...met, at].sort((a, b) => a - b),
});

/** Whether there is something to tell: changes are not asked for without saying which. */
export const says = (draft: Draft): boolean => draft.body.trim() !== "" || draft.notes.length > 0;

/** The one message that gathers it all, as the server takes it. Pure. */
export function toReview(verdict: Verdict, draft: Draft, version: { deliverableId: string; number: number } | undefined): ReviewDraft {
  return {
    verdict,
    body: draft.body.trim(),
    comments: draft.notes.map((note) => ({ text: note.text, line_from: note.line, line_to: note.line, quote: note.quote.slice(0, QUOTE_LENGTH) })),
    ...(draft.met ? { met: draft.met } : {}),
    ...(version ? { deliverable_id: version.deliverableId, version: version.number } : {}),
  };
}

function read(name: string): Draft {
  try {
    const found = JSON.parse(remembered(name) ?? "") as Partial<Draft>;
    return { ...EMPTY, ...found };
  } catch {
    return EMPTY;
  }
}

/** The draft of one version's review. It outlives the page: nothing that was written is lost. */
export function useReviewDraft(key: string): [Draft, (draft: Draft) => void] {
  const name = `review.${key}`;
  const [draft, setDraft] = useState(() => read(name));
  useEffect(() => remember(name, draft === EMPTY ? null : JSON.stringify(draft)), [name, draft]);
  return [draft, setDraft];
}
