import type { Offered } from "@/components/choose/offered";
import { useTyped } from "@/components/choose/offered";
import type { Pick } from "@/components/pick-list";
import { PickList } from "@/components/pick-list";
import { choose as say } from "@/strings/choose";

type Props = {
  of: Offered;
  label: string;
  pick: (id: string, label: string) => void;
  chosen?: string | undefined;
  /** Left out. */
  without?: readonly (string | null | undefined)[] | undefined;
  /** Stand before those there are while nothing is looked for, and after. */
  first?: Pick[];
  last?: Pick[] | undefined;
  /** Said where there is none but those left out. */
  none?: string | undefined;
};

/** One to pick among as many as there are: the server is asked for what one types. */
export function PickFrom({ of, label, pick, chosen, without = [], first = [], last = [], none }: Props) {
  const { items, typing, typed, known, empty, note } = useTyped(of);
  const found = items.filter(({ id }) => !without.includes(id));
  const shown = typed ? found : [...first, ...found, ...last];
  const said = note ?? (known && !typed && found.length === 0 ? none : undefined);
  return (
    <PickList
      label={label}
      placeholder={say.find}
      items={shown}
      typing={typing}
      pick={(id) => pick(id, shown.find((each) => each.id === id)?.label ?? id)}
      chosen={chosen}
      empty={said ?? empty}
      note={said}
    />
  );
}
