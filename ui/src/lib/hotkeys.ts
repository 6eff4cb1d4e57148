import { useLayoutEffect, useRef } from "react";

/** `k`, `mod+k` (⌘ on a Mac, Ctrl elsewhere), `?`, or a sequence such as `g b`. */
export type Hotkeys = Record<string, (event: KeyboardEvent) => void>;

const SEQUENCE_MS = 900;

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function name(event: KeyboardEvent): string {
  const mod = event.metaKey || event.ctrlKey ? "mod+" : "";
  return mod + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

/** Page-wide keys. Plain letters rest while somebody types or a dialog is open; `mod+…` always works. */
export function useHotkeys(keys: Hotkeys): void {
  const current = useRef(keys);
  // In the same breath as what is seen: a key pressed at the first sight of a page must be heard.
  useLayoutEffect(() => {
    current.current = keys;
  });
  useLayoutEffect(() => {
    let before = "";
    let beforeAt = 0;
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey) return;
      const pressed = name(event);
      const plain = !pressed.startsWith("mod+");
      if (plain && (typing(event.target) || document.querySelector("[role=dialog],[role=alertdialog],[role=menu]"))) return;
      const sequence = Date.now() - beforeAt < SEQUENCE_MS ? `${before} ${pressed}` : "";
      const act = current.current[sequence] ?? current.current[pressed];
      before = pressed;
      beforeAt = Date.now();
      if (!act) return;
      event.preventDefault();
      before = "";
      act(event);
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}

export const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);
export const modKey = isMac ? "⌘" : "Ctrl";
