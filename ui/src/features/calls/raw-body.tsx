import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Copy, Download } from "lucide-react";
import { useMemo, useState } from "react";

import type { Side } from "@/api/calls";
import { bodyPath, bodyQuery, renderedQuery } from "@/api/calls";
import { asProblem } from "@/api/problem";
import { settingsQuery } from "@/api/settings";
import { Button, buttonClass } from "@/components/button";
import { CodeBlock } from "@/components/code-block";
import { copyText } from "@/components/copy-button";
import { Menu, MenuItem } from "@/components/menu";
import { Segmented } from "@/components/segmented";
import { SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { BodyProblem } from "@/features/calls/body-problem";
import { asCurl, asPython } from "@/features/calls/copy-as";
import type { StreamEvent } from "@/features/calls/sse";
import { asText, streamEvents } from "@/features/calls/sse";
import { streamNews } from "@/features/calls/stream-news";
import { formatBytes, formatDuration } from "@/lib/format";
import { prettyJson } from "@/lib/json";
import { calls } from "@/strings/calls";
import { words } from "@/strings/common";

const say = calls.raw;
const SHOWN_CHARS = 400_000;
const SHOWN_EVENTS = 3_000;

type View = "pretty" | "bytes" | "events";

/** A body as it went over the wire: bytes as text, JSON laid out, or the events of a stream with their times. */
export function RawBody({ callId, side, endpoint }: { callId: string; side: Side; /** Where a request went, so that it can be sent again by hand. */ endpoint?: string }) {
  const { data, error, refetch } = useQuery(bodyQuery(callId, side));
  if (error && !data) return <BodyProblem error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonRows rows={8} />;
  if (data.bytes.length === 0) return <p className="card px-4 py-3 text-faint">{say.empty}</p>;
  return <Shown callId={callId} side={side} endpoint={endpoint} bytes={data.bytes} type={data.type} />;
}

type ShownProps = { callId: string; side: Side; endpoint: string | undefined; bytes: Uint8Array; type: string };

function Shown({ callId, side, endpoint, bytes, type }: ShownProps) {
  const text = useMemo(() => asText(bytes), [bytes]);
  const pretty = useMemo(() => (text === null ? null : prettyJson(text)), [text]);
  const stream = text !== null && (type.includes("event-stream") || /^(event|data|id|retry):/.test(text));
  const views: { value: View; label: string }[] = [
    ...(stream ? [{ value: "events" as const, label: say.events }] : []),
    ...(pretty !== null ? [{ value: "pretty" as const, label: say.pretty }] : []),
    { value: "bytes", label: say.bytes },
  ];
  const [chosen, setChosen] = useState<View>();
  const view = chosen ?? views[0]?.value ?? "bytes";
  const whole = view === "pretty" ? (pretty ?? "") : (text ?? "");
  const cut = view !== "events" && whole.length > SHOWN_CHARS;
  return (
    <div className="grid min-w-0 gap-2.5">
      <div className="flex flex-wrap items-center gap-2">
        {text !== null && <Segmented label={say.view} value={view} onChange={setChosen} options={views} />}
        <span className="text-s text-faint">
          {type.split(";")[0]} · {formatBytes(bytes.length)}
        </span>
        <span className="ml-auto flex gap-2">
          {endpoint && text !== null && pretty !== null && <CopyAs endpoint={endpoint} body={text} />}
          <a href={bodyPath(callId, side)} download={`${callId}-${side}`} className={buttonClass("plain")}>
            <Download size={13} aria-hidden="true" /> {say.download}
          </a>
        </span>
      </div>
      {text === null ? (
        <p className="card px-4 py-3 text-muted">{say.binary(formatBytes(bytes.length))}</p>
      ) : view === "events" ? (
        <Events callId={callId} bytes={bytes} />
      ) : (
        <CodeBlock code={cut ? whole.slice(0, SHOWN_CHARS) : whole} label={say.label[side]} wrap />
      )}
      {cut && <p className="text-s text-wait">{say.long(formatBytes(SHOWN_CHARS))}</p>}
    </div>
  );
}

/** The request as a command or as a program, for whoever wants to try it by hand. */
function CopyAs({ endpoint, body }: { endpoint: string; body: string }) {
  const client = useQueryClient();
  // Asked for early: a browser lets only the click itself copy, not what comes long after it.
  useQuery(settingsQuery);
  const copy = async (make: typeof asCurl) => {
    try {
      const { gateway } = await client.query({ ...settingsQuery, staleTime: "static" });
      const done = await copyText(make({ base: gateway.base_url, endpoint, body }));
      toast(done ? { text: say.copiedAs } : { text: words.copyRefused, tone: "wrong" });
    } catch (error) {
      toast({ text: asProblem(error).message, tone: "wrong" });
    }
  };
  return (
    <Menu
      trigger={
        <Button>
          <Copy size={13} aria-hidden="true" /> {say.copyAs}
        </Button>
      }
    >
      <MenuItem onSelect={() => void copy(asCurl)}>{say.curl}</MenuItem>
      <MenuItem onSelect={() => void copy(asPython)}>{say.python}</MenuItem>
    </Menu>
  );
}

function Events({ callId, bytes }: { callId: string; bytes: Uint8Array }) {
  const { data: rendered } = useQuery(renderedQuery(callId));
  const events = useMemo(() => streamEvents(bytes, rendered?.timeline ?? null).slice(0, SHOWN_EVENTS), [bytes, rendered]);
  const news = useMemo(() => streamNews(events), [events]);
  return (
    <ol className="card divide-y divide-line overflow-hidden text-s">
      {events.map((event, at) => (
        <EventRow key={event.offset} event={event} news={news[at] ?? event.data} />
      ))}
    </ol>
  );
}

/** In a line what is new in it; opened, all of it. */
function EventRow({ event, news }: { event: StreamEvent; news: string }) {
  const pretty = prettyJson(event.data);
  return (
    <li className="[contain-intrinsic-size:auto_31px] [content-visibility:auto]">
      <details className="group">
        <summary className="flex cursor-default items-baseline gap-3 px-3 py-1.5 pointer-coarse:py-2.5 hover:bg-sunken/60">
          <span className="num w-14 shrink-0 text-right text-faint">{event.ms === null ? event.offset : formatDuration(event.ms)}</span>
          {event.name && <span className="shrink-0 text-muted">{event.name}</span>}
          <code className="min-w-0 truncate text-[12px] group-open:text-faint">{news}</code>
        </summary>
        <pre tabIndex={0} className="scroll-quiet overflow-x-auto bg-sunken px-3 py-2 md:pl-20 text-[12px] leading-[1.55]">
          {pretty ?? event.data}
        </pre>
      </details>
    </li>
  );
}
