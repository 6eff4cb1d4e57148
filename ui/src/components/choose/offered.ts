import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { ChoiceOf } from "@/api/choices";
import { calledQuery, choicesQuery } from "@/api/choices";
import { asProblem } from "@/api/problem";
import { squadsQuery } from "@/api/squads";
import type { Pick } from "@/components/pick-list";
import { SQUAD } from "@/components/takers";
import { useSettled } from "@/lib/use-settled";
import { choose as say } from "@/strings/choose";
import { words } from "@/strings/common";
import { tasks } from "@/strings/tasks";

/** What is chosen from: also who may be given a task, which is an agent or any of a squad. */
export type Offered = ChoiceOf | "taker";

const SETTLES_MS = 150;

type Found = {
  items: Pick[];
  /** There are more than these. */
  more: boolean;
  /** What is asked for is not here yet; items are those of the words before. */
  pending: boolean;
  error: unknown;
  retry: () => void;
};

/** Those of a kind that words find, first of all their squads where a task is given. `active`: whether to ask at all. */
export function useOffered(of: Offered, q = "", active = true): Found {
  const taken = of === "taker";
  const found = useQuery({ ...choicesQuery(taken ? "agent" : of, q), enabled: active });
  const squads = useQuery({ ...squadsQuery, enabled: active && taken });
  const fitting = taken ? (squads.data ?? []).filter(({ name }) => name.toLowerCase().includes(q.toLowerCase())) : [];
  const asked = taken ? [found, squads] : [found];
  return {
    items: [...fitting.map(({ id, name }) => ({ id: SQUAD + id, label: tasks.page.anyOf(name) })), ...(found.data?.items ?? []).map(({ id, name }) => ({ id, label: name }))],
    more: found.data?.more ?? false,
    pending: asked.some((each) => each.isPending || each.isPlaceholderData),
    error: asked.find((each) => each.isError && each.data === undefined)?.error ?? null,
    retry: () => asked.forEach((each) => void each.refetch()),
  };
}

/** What one of them is called: by whoever gave it (`known`), in the list, or by the server. */
export function useShown(of: Offered, id: string, known: string | undefined, items: readonly Pick[]): string {
  const listed = known ?? items.find((each) => each.id === id)?.label;
  const { data } = useQuery({ ...calledQuery(of === "taker" ? "agent" : of, id), enabled: id !== "" && listed === undefined });
  return listed ?? data ?? id;
}

/** The same as one types, with what is said where nothing is shown and where more could be. `known`: all that is found is here. */
export function useTyped(of: Offered, active = true) {
  const [text, setText] = useState("");
  const typed = text.trim();
  const settled = useSettled(typed, SETTLES_MS);
  const found = useOffered(of, settled, active);
  const failed = found.error ? `${words.couldNotLoad} ${asProblem(found.error).message}` : undefined;
  const late = settled !== typed || found.pending;
  // Until the server has answered: a quick Enter takes none that does not fit.
  const items = late ? found.items.filter(({ label }) => label.toLowerCase().includes(typed.toLowerCase())) : found.items;
  return { items, typed, typing: setText, known: !late && !failed, empty: failed ?? (late ? words.loading : typed ? say.nothing : say.none), note: failed ?? (found.more ? say.more : undefined) };
}
