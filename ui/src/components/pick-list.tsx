import type { ReactNode } from "react";
import { useId, useState } from "react";

import { cx } from "@/lib/cx";

export type Pick = { id: string; label: string; note?: ReactNode; group?: string };

type Props = {
  label: string;
  placeholder: string;
  items: Pick[];
  pick: (id: string) => void;
  /** Told what is typed, where whoever gives the items looks for it; else those are shown that have it in them. */
  typing?: ((typed: string) => void) | undefined;
  /** Words for using just what was typed, where anything may be. */
  free?: ((typed: string) => string) | undefined;
  empty: string;
  /** Said below the list. */
  note?: ReactNode;
  chosen?: string | undefined;
};

const fits = (item: Pick, typed: string): boolean => `${item.label} ${item.id} ${item.group ?? ""}`.toLowerCase().includes(typed);

/** Something to type in and what fits it below: arrows move, Enter takes. */
export function PickList({ label, placeholder, items, pick, typing, free, empty, note, chosen }: Props) {
  const id = useId();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const wanted = typed.trim();
  const found = typing ? items : items.filter((item) => fits(item, wanted.toLowerCase()));
  const own = free && wanted && !items.some((item) => item.id === wanted) ? [{ id: wanted, label: free(wanted) }] : [];
  const shown: Pick[] = [...found, ...own];
  const current = Math.min(at, shown.length - 1);
  const move = (by: number) => {
    const next = (current + by + shown.length) % Math.max(1, shown.length);
    setAt(next);
    document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter") {
      const item = shown[current];
      if (item) pick(item.id);
    } else return;
    event.preventDefault();
  };
  return (
    <div>
      <input
        role="combobox"
        aria-label={label}
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={shown.length > 0 ? `${id}-${current}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        autoFocus
        value={typed}
        placeholder={placeholder}
        maxLength={500}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
          typing?.(event.target.value);
        }}
        onKeyDown={onKeyDown}
        className="h-9 w-full border-b border-line bg-surface px-3 text-base outline-none max-md:h-11 max-md:text-[16px]"
      />
      <ul id={`${id}-list`} role="listbox" aria-label={label} className="scroll-quiet max-h-[min(320px,45dvh)] overflow-y-auto p-1">
        {shown.map((item, index) => (
          <Item key={item.id} item={item} heads={item.group !== shown[index - 1]?.group}>
            {/* The keys are the input's: an option is chosen by the arrows there, or pressed. */}
            <div
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === current}
              onPointerMove={() => setAt(index)}
              onClick={() => pick(item.id)}
              className={cx("flex min-h-7 cursor-default items-center gap-2 rounded-s px-2 py-1 text-s pointer-coarse:min-h-10", index === current && "bg-sunken", item.id === chosen && "font-[560]")}
            >
              <span className="min-w-0 flex-1 truncate">{item.label}</span>
              {item.note !== undefined && <span className="num shrink-0 text-xs text-faint">{item.note}</span>}
            </div>
          </Item>
        ))}
      </ul>
      {(shown.length === 0 || note) && <p className="border-t border-line px-3 py-2 text-s text-faint">{shown.length === 0 ? empty : note}</p>}
    </div>
  );
}

function Item({ item, heads, children }: { item: Pick; heads: boolean; children: ReactNode }) {
  return (
    <>
      {heads && item.group && (
        <li role="presentation" className="px-2 pt-2 pb-1 text-xs text-faint">
          {item.group}
        </li>
      )}
      <li role="presentation">{children}</li>
    </>
  );
}
