import { useLiveState } from "@/api/live-hooks";
import { Dot } from "@/components/chip";
import { cx } from "@/lib/cx";
import { shell } from "@/strings/shell";

const TEXT = { live: shell.live, connecting: shell.connecting, lost: shell.lost } as const;
const TONE = { live: "work", connecting: "idle", lost: "wrong" } as const;

export function LiveIndicator({ className }: { className?: string }) {
  const state = useLiveState();
  return (
    <p role="status" className={cx("flex items-center gap-2 text-xs", state === "lost" ? "text-wrong" : "text-faint", className)}>
      <Dot tone={TONE[state]} />
      {TEXT[state]}
    </p>
  );
}
