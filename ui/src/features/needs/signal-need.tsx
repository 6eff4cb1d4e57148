import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { signalQuery } from "@/api/signals";
import type { Need } from "@/api/types";
import { SignalActs, signalLine } from "@/components/signal-acts";
import { SeenButton } from "@/features/needs/seen-button";

/** Something that was noticed, with its evidence and the lever. */
export function SignalNeed({ need, later }: { need: Need; later: ReactNode }) {
  const { data: signal, isError } = useQuery({ ...signalQuery(need.subject_id), retry: false });
  return (
    <>
      <p className="text-muted">{signal ? signalLine(signal) : need.text}</p>
      <div className="flex flex-wrap items-center gap-1.5">
        {signal ? <SignalActs signal={signal} /> : isError && <SeenButton need={need} />}
        {later}
      </div>
    </>
  );
}
