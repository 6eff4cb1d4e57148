import { X } from "lucide-react";
import { useSyncExternalStore } from "react";

import { Dot } from "@/components/chip";
import { moving } from "@/lib/moving";
import { words } from "@/strings/common";

type Action = { label: string; act: () => void };
type Toast = { id: number; text: string; tone: "work" | "wrong" | "plain"; action?: Action; also?: Action };

const SHOWN_MS = 6_000;
const shown = moving<Toast[]>([]);
let nextId = 1;
/** What ends each; none while somebody is at them. */
const ends = new Map<number, ReturnType<typeof setTimeout>>();
let held = false;

function dismiss(id: number): void {
  clearTimeout(ends.get(id));
  ends.delete(id);
  shown.set(shown.get().filter((each) => each.id !== id));
  // It takes with it the pointer or the focus that held the others.
  release();
}

function endLater({ id, tone }: Toast): void {
  if (!held) ends.set(id, setTimeout(dismiss, tone === "wrong" ? SHOWN_MS * 1.5 : SHOWN_MS, id));
}

/** Whoever points at one, or has come to it by keyboard, is not hurried: an Undo must not go from under a hand. */
function hold(): void {
  held = true;
  ends.forEach(clearTimeout);
  ends.clear();
}

function release(): void {
  if (!held) return;
  held = false;
  shown.get().forEach(endLater);
}

/** Says something in passing. What must not be missed belongs in the page instead. */
export function toast({ tone = "plain", ...rest }: Omit<Toast, "id" | "tone"> & { tone?: Toast["tone"] }): void {
  const added = { id: nextId++, tone, ...rest };
  shown.set([...(held ? shown.get() : shown.get().slice(-3)), added]);
  endLater(added);
}

export function Toasts() {
  const toasts = useSyncExternalStore(shown.subscribe, shown.get);
  return (
    <div
      role="status"
      aria-live="polite"
      data-toasts
      onPointerOver={hold}
      onPointerLeave={({ currentTarget }) => !currentTarget.contains(document.activeElement) && release()}
      onFocus={hold}
      onBlur={release}
      // Above what a phone holds in the hand: at its lower edge stand the bar, dialogs and what acts on many tasks.
      className="pointer-events-none fixed inset-x-2 top-[max(6px,env(safe-area-inset-top))] z-[60] grid justify-items-center gap-2 md:inset-x-auto md:top-auto md:right-5 md:bottom-5 md:justify-items-end"
    >
      {toasts.map((each) => (
        <div
          key={each.id}
          className="pointer-events-auto flex max-w-[440px] animate-rise items-center gap-2.5 rounded-m border border-line bg-surface py-2 pr-1.5 pl-3 text-s shadow-float"
        >
          <Dot tone={each.tone} />
          <span className="min-w-0 wrap-anywhere">{each.text}</span>
          {[each.action, each.also].map(
            (action) =>
              action && (
                <button
                  key={action.label}
                  type="button"
                  className="shrink-0 rounded-s px-1.5 py-1 font-[560] text-accent hover:bg-sunken"
                  onClick={() => {
                    action.act();
                    dismiss(each.id);
                  }}
                >
                  {action.label}
                </button>
              ),
          )}
          <button
            type="button"
            aria-label={words.dismiss}
            onClick={() => dismiss(each.id)}
            className="grid size-6 shrink-0 pointer-coarse:size-10 place-items-center rounded-s text-faint hover:bg-sunken hover:text-ink"
          >
            <X size={13} />
          </button>
        </div>
      ))}
    </div>
  );
}
