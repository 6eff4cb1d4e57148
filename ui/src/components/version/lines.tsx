import { MessageSquarePlus } from "lucide-react";
import type { ReactNode } from "react";
import { Fragment, useState } from "react";

import { Button } from "@/components/button";
import type { DiffRow, LineRow } from "@/components/version/diff-rows";
import { text } from "@/components/version/diff-rows";
import { cx } from "@/lib/cx";
import { deliverables as say } from "@/strings/deliverables";

const MOST = 1_500;

export type LineNotes = {
  /** Begins a comment on a line of the newer text. */
  onPick: (line: number, quote: string) => void;
  /** What stands under a line: comments, and one that is being written. */
  under: (line: number) => ReactNode;
};

type Props = { rows: DiffRow[]; label: string; notes?: LineNotes };

/** Lines of a text or of a comparison, numbered; with `notes`, each line of the newer text can be commented on. */
export function Lines({ rows, label, notes }: Props) {
  const [all, setAll] = useState(false);
  const [at, setAt] = useState<number>();
  const shown = all ? rows : rows.slice(0, MOST);
  const first = shown.find((row): row is LineRow => row.kind !== "gap" && row.to !== null)?.to ?? undefined;
  return (
    <div role="region" aria-label={label} tabIndex={0} className="py-1.5 font-mono text-[12px] leading-[1.65]" onKeyDown={notes && walk}>
      <div>
        {shown.map((row, index) =>
          row.kind === "gap" ? (
            <p key={index} className="border-y border-line bg-sunken px-4 py-0.5 font-sans text-xs text-faint">
              {say.unchanged(row.hidden)}
            </p>
          ) : (
            <Fragment key={index}>
              <Line row={row} pick={notes && { onPick: notes.onPick, current: row.to === (at ?? first), onFocus: setAt }} />
              {notes && row.to !== null && notes.under(row.to)}
            </Fragment>
          ),
        )}
      </div>
      {rows.length > shown.length && (
        <p className="px-4 py-2 font-sans">
          <Button size="s" onClick={() => setAll(true)}>
            {say.showAll(rows.length)}
          </Button>
        </p>
      )}
    </div>
  );
}

const LOOK = {
  same: "",
  added: "bg-work-soft",
  removed: "bg-wrong-soft",
} as const;
const WORD = { same: "", added: "bg-work/25", removed: "bg-wrong/25" } as const;

type Pick = { onPick: LineNotes["onPick"]; current: boolean; onFocus: (line: number) => void };

function Line({ row, pick }: { row: LineRow; pick: Pick | undefined }) {
  const Word = row.kind === "removed" ? "del" : row.kind === "added" ? "ins" : "span";
  return (
    <div className={cx("group/line flex", LOOK[row.kind])}>
      <span className="flex shrink-0 select-none">
        {pick && row.to !== null ? (
          <button
            type="button"
            data-line={row.to}
            tabIndex={pick.current ? 0 : -1}
            aria-label={say.commentOn(row.to)}
            onFocus={() => row.to !== null && pick.onFocus(row.to)}
            onClick={() => row.to !== null && pick.onPick(row.to, text(row))}
            className="num relative w-12 pointer-coarse:min-h-7 pr-3 text-right text-faint hover:text-accent focus-visible:text-accent"
          >
            {row.to}
            <MessageSquarePlus size={12} aria-hidden="true" className="absolute top-1 left-1 opacity-0 group-hover/line:opacity-100 [button:focus-visible>&]:opacity-100 pointer-coarse:opacity-60" />
          </button>
        ) : (
          <span aria-hidden="true" className="num w-12 pr-3 text-right text-faint">
            {row.to}
          </span>
        )}
      </span>
      <span aria-hidden="true" className={cx("w-4 shrink-0 select-none", row.kind === "added" && "text-work", row.kind === "removed" && "text-wrong")}>
        {row.kind === "added" ? "+" : row.kind === "removed" ? "−" : ""}
      </span>
      <code className="block max-w-[92ch] min-w-0 flex-1 pr-4 whitespace-pre-wrap break-words">
        {row.kind !== "same" && <span className="sr-only">{row.kind === "added" ? say.added : say.removed}</span>}
        {row.pieces.map((piece, at) =>
          piece.changed ? (
            <Word key={at} className={cx("rounded-[2px] no-underline", WORD[row.kind])}>
              {piece.text}
            </Word>
          ) : (
            <Fragment key={at}>{piece.text}</Fragment>
          ),
        )}
        {text(row) === "" && "\u00a0"}
      </code>
    </div>
  );
}

/** Up and down walk the line numbers. */
function walk(event: React.KeyboardEvent<HTMLElement>): void {
  const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (!by || !(event.target instanceof HTMLButtonElement) || event.target.dataset.line === undefined) return;
  const all = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("[data-line]")];
  const next = all[all.indexOf(event.target) + by];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
