import { useRef } from "react";

type Handlers = { onOpenAutoFocus: (event: Event) => void; onCloseAutoFocus: (event: Event) => void };

/** What had the focus last outside any dialog: a field that takes it as it appears does so before a dialog can look. */
let outside: HTMLElement | null = null;
document.addEventListener("focusin", ({ target }) => {
  if (target instanceof HTMLElement && !target.closest("[role=dialog],[role=alertdialog]")) outside = target;
});

/**
 * Gives the focus back to what had it before a dialog was opened. Radix does so only for its own triggers, and our
 * dialogs are opened by rows, menus and keys. What is gone by then hands on to the page.
 */
export function useReturnFocus(): Handlers {
  const opener = useRef<HTMLElement | null>(null);
  return {
    // Not called where a field of the dialog has the focus already.
    onOpenAutoFocus: () => {
      opener.current = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    },
    onCloseAutoFocus: (event) => {
      event.preventDefault();
      const was = opener.current ?? outside;
      opener.current = null;
      const back = was?.isConnected && was !== document.body ? was : document.getElementById("main");
      back?.focus({ preventScroll: true });
    },
  };
}
