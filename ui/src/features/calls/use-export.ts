import { useEffect, useRef, useState } from "react";

import { exportPath } from "@/api/calls";
import { asProblem } from "@/api/problem";
import { toast } from "@/components/toast";
import type { Came, Format } from "@/features/calls/export-stream";
import { BrokeOff, readExport } from "@/features/calls/export-stream";
import type { CallsSearch } from "@/features/calls/search";
import { callFilter } from "@/features/calls/search";
import type { Moving } from "@/lib/moving";
import { moving } from "@/lib/moving";
import { calls } from "@/strings/calls";

const say = calls.export;
const NONE: Came = { calls: 0, bytes: 0 };

export type Export = {
  /** What it is of, whatever the page shows by now. */
  search: CallsSearch;
  format: Format;
  /** How far it is: told with each piece. */
  far: Moving<Came>;
  /** Why it broke off. */
  problem?: string;
  /** Saves what came until then. */
  keep?: () => void;
};

/** One export at a time: how far it is, and its file once it is whole. Leaving the page gives it up. */
export function useExport() {
  const [now, setNow] = useState<Export>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const stop = () => {
    running.current?.abort();
    setNow(undefined);
  };
  const begin = async (search: CallsSearch, format: Format) => {
    running.current?.abort();
    const { signal } = (running.current = new AbortController());
    const name = `calls.${format}`;
    const far = moving(NONE);
    setNow({ search, format, far });
    try {
      const { parts, came } = await readExport(exportPath(callFilter(search, Date.now()), format), format, signal, far.set);
      save(parts, name);
      toast({ text: say.saved(came.calls, name), tone: "work" });
      setNow(undefined);
    } catch (error) {
      if (signal.aborted) return;
      const [came, parts] = error instanceof BrokeOff ? [error.came, error.parts] : [NONE, []];
      const keep = () => {
        save(parts, `calls-not-all.${format}`);
        setNow(undefined);
      };
      far.set(came);
      setNow({ search, format, far, problem: asProblem(error instanceof BrokeOff ? error.problem : error).message, ...(came.calls > 0 ? { keep } : {}) });
    }
  };
  return { now, begin, stop };
}

function save(parts: BlobPart[], name: string): void {
  const href = URL.createObjectURL(new Blob(parts));
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
