import { X } from "lucide-react";
import { AlertDialog, Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";

import { Button, IconButton } from "@/components/button";
import { cx } from "@/lib/cx";
import { useReturnFocus } from "@/lib/return-focus";
import { words } from "@/strings/common";

const PANEL =
  "fixed z-50 bg-surface text-ink shadow-float border border-line animate-rise flex flex-col overflow-hidden " +
  "inset-x-0 bottom-[var(--keyboard)] max-h-[calc(92dvh-var(--keyboard))] rounded-t-l md:inset-auto md:left-1/2 md:top-[10vh] md:-translate-x-1/2 md:max-h-[80vh] md:rounded-l md:w-[calc(100vw-48px)]";
const VEIL = "fixed inset-0 z-50 bg-veil animate-appear";

type Props = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
  wide?: boolean;
  /** False while closing would lose something that is shown only once. */
  dismissable?: boolean;
};

export function Dialog({ open, onOpenChange, title, description, children, footer, wide = false, dismissable = true }: Props) {
  const back = useReturnFocus();
  const hold = (event: Event) => {
    if (!dismissable) event.preventDefault();
  };
  // What is said in passing lies above the dialog: to answer it is not to leave the dialog.
  const outside = (event: CustomEvent<{ originalEvent: Event }>) => {
    const { target } = event.detail.originalEvent;
    if (!dismissable || (target instanceof Element && target.closest("[data-toasts]"))) event.preventDefault();
  };
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={VEIL} />
        <Radix.Content
          className={cx(PANEL, wide ? "md:max-w-[720px]" : "md:max-w-[480px]")}
          onInteractOutside={outside}
          onEscapeKeyDown={hold}
          {...back}
          onOpenAutoFocus={(event) => {
            back.onOpenAutoFocus(event);
            focusFirstField(event);
          }}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-l font-semibold tracking-[-0.01em]">{title}</Radix.Title>
              {description && <Radix.Description className="mt-0.5 text-s text-muted">{description}</Radix.Description>}
            </div>
            {dismissable && (
              <Radix.Close asChild>
                <IconButton label={words.close} className="-my-1 -mr-1.5 pointer-coarse:-my-2.5">
                  <X size={15} />
                </IconButton>
              </Radix.Close>
            )}
          </header>
          <div className="scroll-quiet min-h-0 flex-1 overflow-y-auto px-5 pb-5">{children}</div>
          {footer && <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A form begins at its first field, or at the one it says; a dialog without any keeps the platform's choice. */
function focusFirstField(event: Event): void {
  const dialog = event.currentTarget as HTMLElement;
  const field = dialog.querySelector<HTMLElement>("[data-begin-here]") ?? dialog.querySelector<HTMLElement>(":is(input:not([type=hidden]), select, textarea):enabled");
  if (!field) return;
  event.preventDefault();
  field.focus();
}

type ConfirmProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** What it will do, in plain words. */
  children: ReactNode;
  act: string;
  onAct: () => void;
  keep?: string;
};

/** Asks before something that cannot be taken back. */
export function Confirm({ open, onOpenChange, title, children, act, onAct, keep = words.cancel }: ConfirmProps) {
  const back = useReturnFocus();
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={VEIL} />
        <AlertDialog.Content {...back} className={cx(PANEL, "p-5 md:max-w-[420px]")}>
          <AlertDialog.Title className="text-l font-semibold">{title}</AlertDialog.Title>
          <AlertDialog.Description className="mt-1.5 text-muted">{children}</AlertDialog.Description>
          <div className="mt-5 flex justify-end gap-2">
            <AlertDialog.Cancel asChild>
              <Button>{keep}</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button variant="danger" onClick={onAct}>
                {act}
              </Button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
