import { Download, RefreshCw } from "lucide-react";
import { useSyncExternalStore } from "react";

import { Button } from "@/components/button";
import { Menu, MenuItem } from "@/components/menu";
import { useCounted } from "@/features/calls/call-counts";
import type { Format } from "@/features/calls/export-stream";
import { MOST } from "@/features/calls/export-stream";
import { countedIn } from "@/features/calls/histogram";
import type { CallsSearch } from "@/features/calls/search";
import type { Export } from "@/features/calls/use-export";
import { formatBytes, formatCount } from "@/lib/format";
import { calls } from "@/strings/calls";
import { words } from "@/strings/common";

const say = calls.export;
const FORMATS = ["csv", "jsonl"] as const;

type Begin = (search: CallsSearch, format: Format) => Promise<void>;

/** What is filtered, as a file. */
export function ExportMenu({ search, busy, begin }: { search: CallsSearch; busy: boolean; begin: Begin }) {
  return (
    <Menu
      label={say.help(formatCount(MOST))}
      trigger={
        <Button disabled={busy}>
          <Download size={13} aria-hidden="true" /> {say.title}
        </Button>
      }
    >
      {FORMATS.map((format) => (
        <MenuItem key={format} onSelect={() => void begin(search, format)}>
          {say.formats[format]}
        </MenuItem>
      ))}
    </Menu>
  );
}

/** How far the file is; where it broke off, why, and what can be done. */
export function ExportProgress({ now, begin, stop }: { now: Export; begin: Begin; stop: () => void }) {
  const { search, far, problem, keep } = now;
  const came = useSyncExternalStore(far.subscribe, far.get);
  const { data } = useCounted(search);
  const counted = data?.counted_back_to === null ? countedIn(data).calls : 0;
  // Without a time the last days alone are counted, and the file goes on before them.
  const of = counted >= MOST ? MOST : counted > 0 && (search.since ?? search.from) ? counted : undefined;
  return (
    <section aria-label={say.title} className={`card mb-4 flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-3 ${problem ? "border-l-[3px] border-l-wrong" : ""}`}>
      <div className="grid min-w-0 flex-1 basis-[240px] gap-1.5">
        {problem ? (
          <p role="alert">
            <b>{came.calls > 0 ? say.brokeOff(formatCount(came.calls)) : say.failed}</b> <span className="text-muted">{problem}</span>
          </p>
        ) : (
          <>
            <p className="num">
              {say.writing} {came.calls > 0 && <span className="text-muted">{say.far(formatCount(came.calls), of ? formatCount(of) : undefined, formatBytes(came.bytes))}</span>}
            </p>
            {of && (
              <div role="progressbar" aria-label={say.writing} aria-valuemin={0} aria-valuenow={Math.min(came.calls, of)} aria-valuemax={of} className="h-1.5 overflow-hidden rounded-full bg-line">
                <i className="block h-full bg-accent" style={{ width: `${Math.min(100, (came.calls / of) * 100)}%` }} />
              </div>
            )}
          </>
        )}
      </div>
      <div className="flex flex-wrap gap-2">
        {problem && (
          <Button variant="primary" onClick={() => void begin(search, now.format)}>
            <RefreshCw size={12} aria-hidden="true" /> {words.tryAgain}
          </Button>
        )}
        {keep && <Button onClick={keep}>{say.keep}</Button>}
        <Button onClick={stop}>{problem ? words.dismiss : words.cancel}</Button>
      </div>
    </section>
  );
}
