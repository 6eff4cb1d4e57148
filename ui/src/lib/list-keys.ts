import { useHotkeys } from "@/lib/hotkeys";

/** j and k walk the rows of the page's list; Enter opens, as any link. */
export function useListKeys(): void {
  const step = (by: 1 | -1) => {
    const links = [...document.querySelectorAll<HTMLElement>("[data-row-link]")].filter((link) => link.offsetParent !== null);
    const at = links.indexOf(document.activeElement as HTMLElement);
    const next = links[at === -1 ? (by === 1 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  useHotkeys({ j: () => step(1), k: () => step(-1) });
}
