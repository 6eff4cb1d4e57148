import type { CallDetail } from "@/api/types";
import { formatDuration } from "@/lib/format";
import { calls } from "@/strings/calls";

const say = calls.one;

type Piece = { name: string; ms: number; color: string };

/** Where the time of a call went, by the parts it has: a refused call waited for no provider. Pure. */
export function pieces(call: Pick<CallDetail, "duration_ms" | "first_byte_ms" | "overhead_ms">): Piece[] {
  const first = call.first_byte_ms ?? call.duration_ms;
  const parts = [
    { name: say.overhead, ms: call.overhead_ms, color: "var(--chart-3)" },
    { name: say.waiting, ms: Math.max(0, first - call.overhead_ms), color: "var(--chart-7)" },
    { name: say.streaming, ms: Math.max(0, call.duration_ms - first), color: "var(--chart-1)" },
  ];
  return parts.filter((part, at) => at === 0 || part.ms > 0);
}

export function TimingBar({ call }: { call: CallDetail }) {
  const parts = pieces(call);
  const total = Math.max(1e-6, parts.reduce((sum, part) => sum + part.ms, 0));
  return (
    <div className="grid gap-2.5">
      <div aria-hidden="true" className="flex h-2 gap-px overflow-hidden rounded-[4px] bg-sunken">
        {parts.map((part) => (
          <i key={part.name} style={{ width: `${(part.ms / total) * 100}%`, minWidth: part.ms > 0 ? 2 : 0, background: part.color }} />
        ))}
      </div>
      <dl className="grid gap-1 text-s">
        {parts.map((part) => (
          <div key={part.name} className="flex items-center gap-2">
            <i aria-hidden="true" className="size-2 rounded-[2px]" style={{ background: part.color }} />
            <dt className="text-muted">{part.name}</dt>
            <dd className="num ml-auto">{formatDuration(part.ms)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
