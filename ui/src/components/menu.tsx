import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { useState } from "react";
import { createPortal } from "react-dom";

import { cx } from "@/lib/cx";

type MenuProps = { trigger: ReactNode; label?: string; align?: "start" | "end"; children: ReactNode };

/**
 * Acts that open beside their trigger. The page behind stays readable, as it is for any menu: were it hidden, all that
 * can have the focus in it would be hidden with it. A press beside the menu only closes it.
 */
export function Menu({ trigger, label, align = "end", children }: MenuProps) {
  const [open, setOpen] = useState(false);
  return (
    <DropdownMenu.Root modal={false} open={open} onOpenChange={setOpen}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      {open && <Behind />}
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          className="scroll-quiet z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-[180px] max-w-[280px] animate-appear overflow-y-auto rounded-m border border-line bg-surface p-1 text-ink shadow-float"
        >
          {label && <DropdownMenu.Label className="px-2 pt-1 pb-1.5 text-xs text-faint">{label}</DropdownMenu.Label>}
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** Takes the press that closes the menu: what lies under it does not act. */
function Behind() {
  return createPortal(<div aria-hidden="true" className="pointer-events-auto fixed inset-0 z-50" />, document.body);
}

type ItemProps = { onSelect: () => void; danger?: boolean; disabled?: boolean; children: ReactNode };

export function MenuItem({ onSelect, danger = false, disabled = false, children }: ItemProps) {
  return (
    <DropdownMenu.Item
      onSelect={onSelect}
      disabled={disabled}
      className={cx(
        "flex min-h-7 pointer-coarse:min-h-10 cursor-default items-center gap-2 rounded-s px-2 py-1 text-s wrap-anywhere outline-none select-none data-[disabled]:opacity-50 data-[highlighted]:bg-sunken",
        danger && "text-wrong",
      )}
    >
      {children}
    </DropdownMenu.Item>
  );
}

export function MenuLine() {
  return <DropdownMenu.Separator className="my-1 h-px bg-line" />;
}
