export type Person = { id: string; name: string; isAgent: boolean };
/** A mention that is being typed: where its @ stands, and what follows it up to the caret. */
export type Mentioning = { at: number; typed: string };

const MOST = 6;

/**
 * Whether the text before the caret ends in a mention that is being typed. Names may hold spaces, as far as one of
 * `people` is called so, or, where they are only some of all, one of the others may be. Pure.
 */
export function mentioning(text: string, caret: number, { people, more }: { people: Person[]; more: boolean }): Mentioning | null {
  const before = text.slice(0, caret);
  const at = before.lastIndexOf("@");
  if (at < 0 || /[\w@./+-]$/.test(before.slice(0, at))) return null;
  const typed = before.slice(at + 1);
  if (/\n/.test(typed) || typed.length > 40 || /^\s/.test(typed)) return null;
  if (/\s/.test(typed) && !more && !people.some((person) => person.name.toLowerCase().startsWith(typed.toLowerCase()))) return null;
  return { at, typed };
}

/** Who may be meant, those whose name begins so first. Pure. */
export function meant(people: Person[], typed: string): Person[] {
  const wanted = typed.toLowerCase();
  const rank = (person: Person): number => {
    const name = person.name.toLowerCase();
    if (name.startsWith(wanted)) return 0;
    return name.split(/[\s_.-]+/).some((word) => word.startsWith(wanted)) ? 1 : 2;
  };
  return people
    .map((person) => ({ person, rank: rank(person) }))
    .filter((each) => each.rank < 2)
    .sort((a, b) => a.rank - b.rank || a.person.name.localeCompare(b.person.name))
    .slice(0, MOST)
    .map((each) => each.person);
}

/** The text with the mention written out, and where the caret stands after it. Pure. */
export function completed(text: string, caret: number, found: Mentioning, person: Person): { text: string; caret: number } {
  const written = `@${person.name} `;
  const rest = text.slice(caret).replace(/^ /, "");
  return { text: text.slice(0, found.at) + written + rest, caret: found.at + written.length };
}
