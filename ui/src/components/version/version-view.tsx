import { useQuery } from "@tanstack/react-query";
import { Download, ExternalLink, FileText } from "lucide-react";
import type { ReactNode } from "react";
import { useState } from "react";

import { contentPath, diffQuery, versionQuery } from "@/api/deliverables";
import type { Deliverable, DeliverableKind, Version } from "@/api/types";
import { buttonClass } from "@/components/button";
import { Markdown } from "@/components/markdown";
import { Segmented } from "@/components/segmented";
import { ProblemNote } from "@/components/states";
import { diffRows, textRows } from "@/components/version/diff-rows";
import type { LineNotes } from "@/components/version/lines";
import { Lines } from "@/components/version/lines";
import { Pdf } from "@/components/version/pdf";
import { Picture } from "@/components/version/picture";
import { readCsv } from "@/components/version/table";
import { cx } from "@/lib/cx";
import { formatBytes } from "@/lib/format";
import { prettyJson } from "@/lib/json";
import { deliverables as say } from "@/strings/deliverables";

const TEXT_LIKE: readonly DeliverableKind[] = ["text", "code", "json", "csv"];
export const isText = (kind: DeliverableKind): boolean => TEXT_LIKE.includes(kind);

/** What a version is shown as: a file that says what it is in its media type needs no kind of its own. */
const shownAs = (kind: DeliverableKind, { media_type: type }: Version): DeliverableKind => {
  if (kind !== "file") return kind;
  if (type === "application/pdf") return "pdf";
  return /^image\/(png|jpeg|gif|webp)$/.test(type) ? "image" : kind;
};

type Shown = "changes" | "text" | "reading";
type Props = { deliverable: Deliverable; version: Version; before: Version | undefined; notes?: LineNotes; /** The way to other versions. */ tools?: ReactNode };

/** A version beside the one before it: lines that changed, images side by side; a PDF as it is, other files to be saved. */
export function VersionView(props: Props) {
  const { deliverable, version, before } = props;
  const kind = shownAs(deliverable.kind, version);
  if (isText(kind)) return <TextVersion {...props} />;
  if (kind === "file") return <FileVersion {...props} />;
  return (
    <>
      <Tools {...props} />
      {kind === "image" ? (
        <div className="grid gap-4 p-4 md:grid-cols-2">
          {before && <Picture deliverableId={deliverable.id} version={before} name={deliverable.name} />}
          <Picture deliverableId={deliverable.id} version={version} name={deliverable.name} />
        </div>
      ) : kind === "link" ? (
        <LinkVersion {...props} />
      ) : (
        <Pdf deliverableId={deliverable.id} version={version} name={deliverable.name} />
      )}
    </>
  );
}

/** What stands above a version: how to show it, which it is compared with, and the way to save it. */
function Tools({ deliverable, version, tools, children }: Props & { children?: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2">
      {children}
      {tools && <span className={cx("min-w-0", children && "@max-[600px]:order-last @max-[600px]:basis-full")}>{tools}</span>}
      <span className="ml-auto">
        <SaveLink deliverable={deliverable} version={version} />
      </span>
    </div>
  );
}

function SaveLink({ deliverable, version }: Pick<Props, "deliverable" | "version">) {
  return (
    <a href={contentPath(deliverable.id, version.number)} download={version.file_name} title={say.save} aria-label={say.save} className={buttonClass("quiet")}>
      <Download size={14} aria-hidden="true" />
    </a>
  );
}

function LinkVersion({ deliverable, version }: Props) {
  const { data, error, refetch } = useQuery(versionQuery(deliverable.id, version.number));
  if (error && !data) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data?.text) return <p className="p-4 text-faint">…</p>;
  const safe = /^https?:\/\//i.test(data.text);
  return (
    <p className="flex flex-wrap items-center gap-3 p-4">
      <span className="min-w-0 font-mono text-[12px] break-all">{data.text}</span>
      {safe && (
        <a href={data.text} target="_blank" rel="noopener noreferrer nofollow" className={buttonClass("plain", "s")}>
          <ExternalLink size={12} aria-hidden="true" /> {say.open}
        </a>
      )}
    </p>
  );
}

function FileVersion({ deliverable, version, tools }: Props) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 p-4">
      {tools && <span className="basis-full">{tools}</span>}
      <FileText size={20} aria-hidden="true" className="shrink-0 text-faint" />
      <span className="grid min-w-0 flex-1 basis-[200px]">
        <span className="font-[510] wrap-anywhere">{version.file_name}</span>
        <span className="text-s text-muted wrap-anywhere">
          {version.media_type} · {formatBytes(version.size)}
        </span>
      </span>
      <a href={contentPath(deliverable.id, version.number)} download={version.file_name} className={buttonClass("plain")}>
        <Download size={13} aria-hidden="true" /> {say.save}
      </a>
      <p className="basis-full text-s text-muted">{say.noText}</p>
    </div>
  );
}

/** How such a text is read when it is not read line by line. */
const READING: Partial<Record<DeliverableKind, string>> = { text: say.views.reading, csv: say.views.table, json: say.views.pretty };

function TextVersion(props: Props) {
  const { deliverable, version, before, notes } = props;
  const reading = READING[deliverable.kind];
  const [chosen, setChosen] = useState<Shown>();
  // What a reviewer may note down stands on lines; data is no text to be read by them.
  const lines = !reading || (notes && deliverable.kind === "text");
  const shown = chosen ?? (before ? "changes" : lines ? "text" : "reading");
  const views: { value: Shown; label: string }[] = [
    ...(before ? [{ value: "changes" as const, label: say.views.changes }] : []),
    { value: "text", label: say.views.text },
    ...(reading ? [{ value: "reading" as const, label: reading }] : []),
  ];
  return (
    <div className="min-w-0">
      <Tools {...props}>
        <Segmented label={say.views.label} value={shown} onChange={setChosen} options={views} />
      </Tools>
      {/* Where it is judged it stands in full; elsewhere what comes after it is not pushed out of reach. */}
      <div className={cx(!notes && "scroll-quiet max-h-[70vh] overflow-y-auto")}>
        {shown === "changes" && before ? (
          <Changes deliverable={deliverable} version={version} before={before} notes={notes} />
        ) : (
          <WholeText deliverable={deliverable} version={version} reading={shown === "reading"} notes={notes} />
        )}
      </div>
    </div>
  );
}

const Waiting = () => (
  <div className="grid gap-2 p-4">
    <span className="skeleton h-3 w-2/3" />
    <span className="skeleton h-3 w-1/2" />
  </div>
);

function Changes({ deliverable, version, before, notes }: Props & { before: Version }) {
  const { data, error, refetch } = useQuery(diffQuery(deliverable.id, before.number, version.number));
  if (error && !data) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  if (data.hunks.length === 0) return <p className="p-4 text-muted">{say.equal}</p>;
  return <Lines rows={diffRows(data.hunks)} label={say.of(deliverable.name)} {...(notes ? { notes } : {})} />;
}

function WholeText({ deliverable, version, reading, notes }: Pick<Props, "deliverable" | "version" | "notes"> & { reading: boolean }) {
  const { data, error, refetch } = useQuery(versionQuery(deliverable.id, version.number));
  if (error && !data) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  if (data.text === null) return <p className="p-4 text-muted">{say.tooLong}</p>;
  if (!reading) return <Lines rows={textRows(data.text)} label={say.of(deliverable.name)} {...(notes ? { notes } : {})} />;
  if (deliverable.kind === "csv") return <Table text={data.text} name={deliverable.name} />;
  if (deliverable.kind === "json") return <Lines rows={textRows(prettyJson(data.text) ?? data.text)} label={say.of(deliverable.name)} />;
  return (
    <div role="region" aria-label={deliverable.name} tabIndex={0} className="max-w-[76ch] px-4 py-3">
      <Markdown text={data.text} />
    </div>
  );
}

const MOST_ROWS = 500;
const LONG_CELL = 40;

function Table({ text, name }: { text: string; name: string }) {
  const [head, ...rows] = readCsv(text, MOST_ROWS + 1);
  return (
    <div role="region" aria-label={name} tabIndex={0} className="scroll-quiet max-h-[60vh] overflow-auto">
      <table className="w-full border-separate border-spacing-0 text-s [&_td]:border-b [&_td]:border-line [&_td]:px-3 [&_td]:py-1.5 [&_th]:sticky [&_th]:top-0 [&_th]:border-b [&_th]:border-line [&_th]:bg-surface [&_th]:px-3 [&_th]:py-1.5 [&_th]:text-left [&_th]:font-[560] [&_th]:whitespace-nowrap">
        <thead>
          <tr>
            {head?.map((each, at) => (
              <th key={at} scope="col">
                {each}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map((each, column) => (
                <td key={column} className={each.length > LONG_CELL ? "min-w-[260px] whitespace-pre-wrap wrap-anywhere" : "whitespace-nowrap"}>
                  {each}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === MOST_ROWS && <p className="px-3 py-2 text-s text-faint">{say.tableCut(MOST_ROWS)}</p>}
    </div>
  );
}
