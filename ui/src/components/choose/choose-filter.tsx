import { ChevronDown } from "lucide-react";

import type { ChoiceOf } from "@/api/choices";
import { useOffered, useShown } from "@/components/choose/offered";
import { PickFrom } from "@/components/choose/pick-from";
import { PopOver } from "@/components/choose/pop-over";
import { filterClass, FilterSelect } from "@/components/field";
import { cx } from "@/lib/cx";

type Props = {
  of: ChoiceOf;
  /** What it says while it filters nothing. */
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** Words for those that have none, and the value that says so. */
  none?: { id: string; label: string };
  hideEmpty?: boolean;
  bare?: boolean;
};

/** A filter by one of all that there are of a kind: a select while they are few, else found by typing. */
export function ChooseFilter({ of, label, value, onChange, none, hideEmpty = false, bare = false }: Props) {
  const { items, more } = useOffered(of);
  const listed = [...items, ...(none ? [none] : [])];
  const shown = useShown(of, value, undefined, listed);
  if (hideEmpty && items.length === 0 && !value) return null;
  if (!more) {
    const choices = value && !listed.some((each) => each.id === value) ? [...listed, { id: value, label: shown }] : listed;
    return <FilterSelect label={label} value={value} onChange={onChange} choices={choices.map((each) => ({ value: each.id, label: each.label }))} bare={bare} />;
  }
  return (
    <PopOver
      label={label}
      trigger={
        <button type="button" role="combobox" aria-label={label} className={cx(filterClass(value !== "", bare), "flex items-center gap-1")}>
          <span className="min-w-0 truncate">{value ? shown : label}</span>
          <ChevronDown size={13} aria-hidden="true" className="shrink-0 text-faint" />
        </button>
      }
    >
      {(close) => (
        <PickFrom
          of={of}
          label={label}
          chosen={value}
          first={value ? [{ id: "", label }] : []}
          last={none ? [none] : []}
          pick={(id) => {
            onChange(id);
            close();
          }}
        />
      )}
    </PopOver>
  );
}
