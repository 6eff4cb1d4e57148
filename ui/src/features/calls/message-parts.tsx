import { Brain, ChevronRight, CornerDownRight, FileText, Image as ImageIcon, Wrench } from "lucide-react";
import type { ReactNode } from "react";
import { useState } from "react";

import type { Part } from "@/api/types";
import { Button } from "@/components/button";
import { Markdown } from "@/components/markdown";
import { formatBytes } from "@/lib/format";
import { prettyJson } from "@/lib/json";
import { calls } from "@/strings/calls";

const say = calls.talk;
const CLIP = 3_000;

/** One part of a message, by its kind. Nothing in it is trusted: text is text, markup stays inert. */
export function MessagePart({ part, plain }: { part: Part; plain: boolean }) {
  switch (part.kind) {
    case "text":
      return <TextPart text={part.text ?? ""} plain={plain} />;
    case "reasoning":
      return (
        <Fold icon={<Brain size={13} />} title={say.reasoning} preview={part.text ?? ""}>
          <p className="break-words whitespace-pre-wrap text-muted">{part.text}</p>
        </Fold>
      );
    case "tool_call":
      return (
        <Fold icon={<Wrench size={13} />} title={say.toolCall(part.name ?? "?")} preview={oneLine(argumentsText(part))}>
          <Pre text={argumentsText(part)} />
        </Fold>
      );
    case "tool_result":
      return (
        <Fold
          icon={<CornerDownRight size={13} />}
          title={part.name ? say.toolResult(part.name) : say.result}
          preview={(part.is_error ? `${say.failed}: ` : "") + oneLine(part.text ?? "")}
        >
          <Pre text={part.text ?? ""} />
        </Fold>
      );
    case "image":
      return <Attachment icon={<ImageIcon size={13} />} words={say.image} part={part} />;
    case "file":
      return <Attachment icon={<FileText size={13} />} words={say.file} part={part} />;
    default:
      return (
        <Fold icon={<FileText size={13} />} title={`${say.other}: ${part.kind}`} preview={oneLine(rawText(part))}>
          <Pre text={rawText(part)} />
        </Fold>
      );
  }
}

/** What a provider said went wrong: its sentence, and under it all that came. */
export function ErrorPart({ part }: { part: Part }) {
  const said = errorText(part.raw) ?? part.text;
  return (
    <>
      {said && <p className="break-words whitespace-pre-wrap">{said}</p>}
      <Fold icon={<FileText size={13} />} title={said ? say.asSent : say.roles.error ?? ""} preview={oneLine(rawText(part))}>
        <Pre text={rawText(part)} />
      </Fold>
    </>
  );
}

function errorText(raw: unknown): string | undefined {
  if (typeof raw === "string") return raw;
  if (typeof raw !== "object" || raw === null || !("message" in raw)) return undefined;
  return typeof raw.message === "string" ? raw.message : undefined;
}

/** The JSON of a part that has no words of its own. */
function rawText(part: Part): string {
  return JSON.stringify(part.raw ?? part);
}

function argumentsText(part: Part): string {
  return part.arguments ?? part.text ?? "";
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").slice(0, 160);

function TextPart({ text, plain }: { text: string; plain: boolean }) {
  const [all, setAll] = useState(false);
  const cut = text.length > CLIP && !all;
  const shown = cut ? text.slice(0, CLIP) : text;
  return (
    <>
      {plain ? <p className="break-words whitespace-pre-wrap">{shown}</p> : <Markdown text={shown} />}
      {cut && (
        <div>
          <Button size="s" onClick={() => setAll(true)}>
            {say.showAll}
          </Button>
        </div>
      )}
    </>
  );
}

function Fold({ icon, title, preview, children }: { icon: ReactNode; title: string; preview: string; children: ReactNode }) {
  return (
    <details className="group/fold min-w-0 rounded-s border border-line bg-bg">
      <summary className="flex min-h-8 pointer-coarse:min-h-10 cursor-default items-center gap-2 px-2.5 py-1 text-s [&::-webkit-details-marker]:hidden">
        <ChevronRight size={13} aria-hidden="true" className="shrink-0 text-faint transition-transform duration-100 group-open/fold:rotate-90" />
        <span aria-hidden="true" className="shrink-0 text-muted">
          {icon}
        </span>
        <span className="shrink-0 font-[510]">{title}</span>
        <span className="min-w-0 truncate text-faint group-open/fold:invisible">{preview}</span>
      </summary>
      <div className="border-t border-line px-2.5 py-2">{children}</div>
    </details>
  );
}

function Pre({ text }: { text: string }) {
  return (
    <pre tabIndex={0} className="scroll-quiet max-h-[50vh] overflow-auto text-[12px] leading-[1.6] break-words whitespace-pre-wrap">
      {prettyJson(text) ?? text}
    </pre>
  );
}

type AttachmentProps = { icon: ReactNode; words: string; part: Part };

/** Pictures that came with the call are shown; what lies elsewhere is only named, for fetching it would tell that place. */
function Attachment({ icon, words, part }: AttachmentProps) {
  const shown = part.url?.startsWith("data:image/") ? part.url : undefined;
  return (
    <figure className="grid justify-items-start gap-1.5">
      {shown && <img src={shown} alt={part.name ?? words} className="max-h-[320px] max-w-full rounded-s border border-line" />}
      <figcaption className="inline-flex min-w-0 max-w-full flex-wrap items-center gap-x-2 rounded-s border border-line bg-bg px-2.5 py-1.5 text-s text-muted">
        <span aria-hidden="true">{icon}</span>
        {words}
        {part.name && ` ${part.name}`}
        {part.media_type && <span className="text-faint">{part.media_type}</span>}
        {typeof part.size === "number" && <span className="text-faint">{formatBytes(part.size)}</span>}
        {part.url?.startsWith("http") && <span className="min-w-0 break-all text-faint">{part.url}</span>}
      </figcaption>
      {part.text && <Pre text={part.text} />}
    </figure>
  );
}
