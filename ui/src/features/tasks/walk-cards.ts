import type { KeyboardEvent } from "react";

/** `out`: scrolled out of its column's sight. */
type Spot = { left: number; top: number; out?: boolean };
export type Step = "ArrowDown" | "ArrowLeft" | "ArrowRight" | "ArrowUp";

const STEPS: readonly string[] = ["ArrowDown", "ArrowLeft", "ArrowRight", "ArrowUp"] satisfies Step[];

/** So much may cards of one column be out of line. */
const SLACK = 8;

/** The card that an arrow key leads to: the next of its column, or of the nearest column that has any the one at its height. Pure. */
export function nextCard(spots: Spot[], from: number, step: Step): number | undefined {
  const own = spots[from];
  if (!own) return undefined;
  const others = spots.map((spot, at) => ({ at, right: spot.left - own.left, down: spot.top - own.top, out: spot.out }));
  const nearest = (fitting: typeof others, far: (spot: (typeof others)[number]) => number) => fitting.reduce<(typeof others)[number] | undefined>((best, each) => (best && far(best) <= far(each) ? best : each), undefined);
  if (step === "ArrowDown" || step === "ArrowUp") {
    const by = step === "ArrowDown" ? 1 : -1;
    return nearest(others.filter(({ right, down }) => Math.abs(right) < SLACK && down * by > 0), ({ down }) => Math.abs(down))?.at;
  }
  const by = step === "ArrowRight" ? 1 : -1;
  // Those out of sight lie, unseen, on the lanes above and below.
  const aside = others.filter(({ right, out }) => right * by >= SLACK && !out);
  const column = nearest(aside, ({ right }) => Math.abs(right));
  return column && nearest(aside.filter(({ right }) => Math.abs(right - column.right) < SLACK), ({ down }) => Math.abs(down))?.at;
}

/** Arrow keys walk from card to card while none is carried. */
export function walkCards(event: KeyboardEvent<HTMLElement>): void {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || event.shiftKey || !STEPS.includes(event.key)) return;
  const cards = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-row-link]")];
  const from = cards.indexOf(event.target as HTMLElement);
  if (from === -1) return;
  event.preventDefault();
  const spots = cards.map((card) => {
    // The card's own place, however long its title.
    const { left, top, bottom } = (card.closest("article") ?? card).getBoundingClientRect();
    const column = card.closest("section")?.getBoundingClientRect();
    return { left, top, out: column !== undefined && (bottom <= column.top || top >= column.bottom) };
  });
  const to = nextCard(spots, from, event.key as Step);
  if (to === undefined) return;
  cards[to]?.focus({ preventScroll: true });
  cards[to]?.closest("article")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}
