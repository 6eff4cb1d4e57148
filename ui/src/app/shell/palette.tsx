import { Search } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { useEffect, useId, useRef, useState } from "react";

import type { PaletteItem } from "@/app/shell/palette-items";
import { usePaletteItems } from "@/app/shell/palette-items";
import { Kbd } from "@/components/kbd";
import { ProblemLine } from "@/components/states";
import { cx } from "@/lib/cx";
import { useReturnFocus } from "@/lib/return-focus";
import { words } from "@/strings/common";
import { shell } from "@/strings/shell";

export function Palette({ onClose }: { onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const back = useReturnFocus();
  const found = usePaletteItems(typed);
  const items = grouped(found.items);
  const chosen = Math.min(at, items.length - 1);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen, items]);

  const run = (item: PaletteItem | undefined) => {
    if (!item) return;
    onClose();
    item.act();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by) setAt((chosen + by + items.length) % Math.max(1, items.length));
    else if (event.key === "Enter") run(items[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-50 animate-appear bg-veil" />
        <Radix.Content
          {...back}
          aria-describedby={undefined}
          className="fixed inset-x-3 top-3 z-50 flex max-h-[70dvh] animate-rise flex-col overflow-hidden rounded-l border border-line bg-surface shadow-float md:inset-x-auto md:top-[14vh] md:left-1/2 md:w-[560px] md:-translate-x-1/2"
        >
          <Radix.Title className="sr-only">{shell.palette.label}</Radix.Title>
          <div className="flex items-center gap-2.5 border-b border-line px-4">
            <Search size={16} className="text-faint" aria-hidden="true" />
            <input
              role="combobox"
              aria-expanded="true"
              aria-controls={`${id}-list`}
              aria-activedescendant={items[chosen] ? `${id}-${chosen}` : undefined}
              aria-label={shell.palette.label}
              placeholder={shell.palette.placeholder}
              value={typed}
              onChange={(event) => {
                setTyped(event.target.value);
                setAt(0);
              }}
              onKeyDown={onKeyDown}
              className="h-12 w-full bg-transparent text-l outline-none max-md:text-[16px]"
            />
          </div>
          {found.problem && (
            <div className="border-b border-line px-4 py-2">
              <ProblemLine {...found.problem} />
            </div>
          )}
          <div ref={list} id={`${id}-list`} role="listbox" aria-label={shell.palette.label} className="scroll-quiet min-h-0 overflow-y-auto p-1.5">
            {items.length === 0 && !found.problem && (
              <p className="px-3 py-6 text-center text-muted">
                {found.looking ? words.loading : shell.palette.nothing}
              </p>
            )}
            {items.map((item, index) => (
              <div key={item.id}>
                {item.group !== items[index - 1]?.group && <p className="px-2.5 pt-2 pb-1 text-xs text-faint">{item.group}</p>}
                <div
                  role="option"
                  id={`${id}-${index}`}
                  aria-selected={index === chosen}
                  onClick={() => run(item)}
                  onMouseMove={() => setAt(index)}
                  className={cx("flex min-h-9 pointer-coarse:min-h-11 items-center gap-3 rounded-s px-2.5", index === chosen && "bg-sunken")}
                >
                  <span className="min-w-0 flex-1 truncate">{item.label}</span>
                  {item.note && (item.group === shell.palette.tasks ? <span className="text-s text-faint">{item.note}</span> : <Kbd>{item.note}</Kbd>)}
                </div>
              </div>
            ))}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Items of one group stand together, groups in the order they first appear. */
function grouped(items: PaletteItem[]): PaletteItem[] {
  const groups = [...new Set(items.map((item) => item.group))];
  return groups.flatMap((group) => items.filter((item) => item.group === group));
}
