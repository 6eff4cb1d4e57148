import { Search } from "lucide-react";

import { cx } from "@/lib/cx";
import { useDebounced } from "@/lib/use-debounced";

type Props = { label: string; value: string; search: (words: string) => void; placeholder?: string; className?: string };

/** Words to look for; told on when typing pauses. */
export function SearchBox({ label, value, search, placeholder = label, className }: Props) {
  const [typed, setTyped] = useDebounced(value, search);
  return (
    <label className={cx("relative max-md:flex-1", className)}>
      <span className="sr-only">{label}</span>
      <Search size={13} aria-hidden="true" className="absolute top-1/2 left-2 -translate-y-1/2 text-faint" />
      <input
        data-filter
        type="search"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        placeholder={placeholder}
        maxLength={500}
        className="h-[30px] w-full pointer-coarse:h-10 rounded-s border border-line-strong bg-surface pr-2 pl-7 text-s hover:border-field-line max-md:text-[16px]"
      />
    </label>
  );
}
