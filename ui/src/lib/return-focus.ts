import { useRef } from "react";

type Handlers = { onOpenAutoFocus: (event: Event) => void; onCloseAutoFocus: (event: Event) => void };

/** What had the focus last outside any dialog or menu: a field that takes it as it appears does so before a dialog can look. */
let outside: HTMLElement | null = null;
document.addEventListener("focusin", ({ target }) => {
  if (target instanceof HTMLElement && !target.closest("[role=dialog],[role=alertdialog],[role=menu]")) outside = target;
});

/**
 * Gives the focus back to what had it before a dialog was opened. Radix does so only for its own triggers, and our
 * dialogs are opened by rows, menus and keys. An item of a menu is gone by then and hands on to what opened the menu;
 * where that is gone too, to the page.
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
      const was = opener.current?.isConnected ? opener.current : outside;
      opener.current = null;
      const back = was?.isConnected && was !== document.body ? was : document.getElementById("main");
      back?.focus({ preventScroll: true });
    },
  };
}
