import { createContext, useContext, useMemo, useState } from "react";

/** Tasks that were picked for one act on all of them. */
export type Selection = {
  ids: ReadonlySet<string>;
  /** Picks one, or lets it go; with `upTo`, all between the last one and this in the order they stand on the page. */
  toggle: (id: string, upTo?: boolean) => void;
  keep: (ids: Iterable<string>) => void;
  clear: () => void;
};

const none: Selection = { ids: new Set(), toggle: () => undefined, keep: () => undefined, clear: () => undefined };

export const SelectionContext = createContext<Selection>(none);
export const useSelection = (): Selection => useContext(SelectionContext);

const idsOnPage = (): string[] => [...document.querySelectorAll<HTMLElement>("[data-task]")].flatMap((element) => element.dataset.task ?? []);

/** All ids between two, as they stand in a list, both included. Pure. */
export function between(ids: string[], from: string, to: string): string[] {
  const [a, b] = [ids.indexOf(from), ids.indexOf(to)];
  return a === -1 || b === -1 ? [to] : ids.slice(Math.min(a, b), Math.max(a, b) + 1);
}

export function useNewSelection(): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(() => new Set());
  const [last, setLast] = useState<string>();
  return useMemo(
    () => ({
      ids,
      toggle: (id, upTo = false) => {
        setLast(id);
        setIds((before) => {
          const after = new Set(before);
          if (upTo && last) between(idsOnPage(), last, id).forEach((each) => after.add(each));
          else if (!after.delete(id)) after.add(id);
          return after;
        });
      },
      keep: (kept) => setIds(new Set(kept)),
      clear: () => setIds(new Set()),
    }),
    [ids, last],
  );
}
