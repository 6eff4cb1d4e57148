import { constants } from "@/api/constants.gen";

const HOLE = new RegExp(constants.template_hole, "g");
/** What the server fills in by itself. */
const BUILT_IN = new Set<string>(constants.template_built_in);

/** The variables that these texts ask for, in their order, without those that are filled in by themselves. Pure. */
export function holesIn(texts: string[]): string[] {
  const names = texts.flatMap((text) => [...text.matchAll(HOLE)].map(([, path = ""]) => path.split(".")[0] ?? ""));
  return [...new Set(names)].filter((name) => !BUILT_IN.has(name));
}

/** The text with what is given so far; other holes stay to be seen. Pure. */
export const filled = (text: string, values: Record<string, string>): string => text.replace(HOLE, (hole, name: string) => values[name] || hole);
