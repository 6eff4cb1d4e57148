import { Popover } from "radix-ui";
import type { ReactNode } from "react";
import { useState } from "react";

type Props = { label: string; trigger: ReactNode; align?: "start" | "end"; children: (close: () => void) => ReactNode };

/** What opens beside its trigger, over a dialog too, and is closed by a press elsewhere or Escape. */
export function PopOver({ label, trigger, align = "start", children }: Props) {
  const [open, setOpen] = useState(false);
  return (
    // Modal, or a dialog below would keep the wheel from scrolling its list.
    <Popover.Root open={open} onOpenChange={setOpen} modal>
      <Popover.Trigger asChild>{trigger}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          className="z-50 w-[300px] max-w-[calc(100vw-16px)] max-h-(--radix-popover-content-available-height) animate-appear overflow-y-auto rounded-m border border-line bg-surface text-ink shadow-float"
        >
          {children(() => setOpen(false))}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
