import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { sessionQuery } from "@/api/session";
import type { Status } from "@/api/types";
import { Dot, toneText } from "@/components/chip";
import { Money, Since } from "@/components/figures";
import { said, toneOf } from "@/components/status/status-words";
import { cx } from "@/lib/cx";
import { agents } from "@/strings/agents";

const say = agents.status;

/** What something is shown to do, ticking: "streaming gpt-4o · 12 s", "waits for T-1 Q3 report · 38 min". */
export function StatusLine({ status, className, wrap = false, dot = true }: { status: Status; className?: string; wrap?: boolean; dot?: boolean }) {
  const { data: session } = useQuery(sessionQuery);
  const tone = toneOf(status.state);
  const { text, since } = said(status, session?.member.id);
  const title = [status.verb, status.reason, status.waits_for && status.waits_for.chain.length > 0 && status.waits_for.chain.join(" → ")].filter(Boolean).join("\n");
  return (
    <span className={cx("flex min-w-0 gap-2", wrap ? "items-baseline" : "items-center", className)} title={title || undefined}>
      {dot && <Dot tone={tone} className={wrap ? "relative -top-px" : undefined} />}
      <span className={cx("min-w-0", wrap ? "wrap-anywhere" : "truncate", tone === "idle" || tone === "done" ? "text-faint" : toneText[tone])}>
        {status.waits_for?.kind === "task" ? (
          <Link to="/tasks/$taskId" params={{ taskId: status.waits_for.id }} className="hover:underline">
            {text}
          </Link>
        ) : (
          text
        )}
        {since && (
          <>
            {" · "}
            <Since at={since} />
          </>
        )}
        {status.idle_nano > 0 && (
          <>
            {` · ${say.idleCost} `}
            <Money nano={status.idle_nano} />
          </>
        )}
      </span>
    </span>
  );
}
