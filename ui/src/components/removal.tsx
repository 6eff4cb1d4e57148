import type { QueryKey } from "@tanstack/react-query";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useCallback, useState } from "react";

import { asProblem } from "@/api/problem";
import { Confirm } from "@/components/dialog";
import { toast } from "@/components/toast";

type Removal<T> = {
  remove: (it: T) => Promise<unknown>;
  /** What is read again afterwards, also where it was refused. */
  reads: QueryKey[];
  title: (it: T) => string;
  help: (it: T) => string;
  act: string;
  removed: (it: T) => string;
};

/** Removes something after it was asked about. `ask` stays the same function; `confirm` is to be shown. */
export function useRemoval<T>({ remove, reads, title, help, act, removed }: Removal<T>): { ask: (it: T) => void; confirm: ReactNode } {
  const client = useQueryClient();
  const [asked, setAsked] = useState<{ it: T }>();
  const { mutate } = useMutation({
    mutationFn: remove,
    onSuccess: (_, it) => toast({ text: removed(it), tone: "work" }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => Promise.all(reads.map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
  const ask = useCallback((it: T) => setAsked({ it }), []);
  const confirm = (
    <Confirm open={asked !== undefined} onOpenChange={(open) => !open && setAsked(undefined)} title={asked ? title(asked.it) : ""} act={act} onAct={() => asked && mutate(asked.it)}>
      {asked && help(asked.it)}
    </Confirm>
  );
  return { ask, confirm };
}
