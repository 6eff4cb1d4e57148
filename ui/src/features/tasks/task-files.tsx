import { useQuery } from "@tanstack/react-query";
import { Download, Paperclip, RefreshCw, Trash2, X } from "lucide-react";
import { useRef } from "react";

import { attachmentKeys, attachmentPath, attachmentsQuery, removeAttachment } from "@/api/attachments";
import { useMay } from "@/api/may";
import type { Attachment } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import { Ago } from "@/components/figures";
import { Section } from "@/components/page";
import { useRemoval } from "@/components/removal";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { useFileDrop } from "@/features/tasks/use-file-drop";
import type { Upload } from "@/features/tasks/use-uploads";
import { useUploads } from "@/features/tasks/use-uploads";
import { cx } from "@/lib/cx";
import { formatBytes, formatShare } from "@/lib/format";
import { attachments as say } from "@/strings/attachments";

/** The files that a task comes with: saved, added by button or by dropping them on the page, removed. */
export function TaskFiles({ taskId }: { taskId: string }) {
  const { data, error, refetch } = useQuery(attachmentsQuery(taskId));
  const allowed = useMay("work");
  const { uploads, attach, again, forget } = useUploads(taskId);
  const { ask, confirm } = useRemoval<Attachment>({
    remove: (file) => removeAttachment(file.id),
    reads: [attachmentKeys.of(taskId)],
    title: (file) => say.removeTitle(file.name),
    help: () => say.removeHelp,
    act: say.removeAct,
    removed: (file) => say.removed(file.name),
  });
  const over = useFileDrop(allowed, ({ files, folders }) => {
    if (folders) toast({ text: say.folder, tone: "wrong" });
    if (files.length > 0) void attach(files);
  });
  if (!allowed && data?.length === 0) return null;
  const empty = data?.length === 0 && uploads.length === 0;
  return (
    <Section title={say.title} aside={allowed && <AttachButton onPick={(files) => void attach(files)} />}>
      {error && !data && <ProblemNote error={error} retry={() => void refetch()} />}
      {!data && !error && <SkeletonRows rows={1} />}
      {data && (
        <div className={cx("card", over && "outline-2 outline-offset-2 outline-accent outline-dashed", empty && "border-dashed")}>
          {(over || empty) && <p className={cx("px-4 py-3", over ? "font-[510] text-accent" : "text-faint")}>{over ? say.drop : say.empty}</p>}
          <ul aria-label={say.title} className="divide-y divide-line">
            {data.map((file) => (
              <Row key={file.id} file={file} remove={allowed ? () => ask(file) : undefined} />
            ))}
            {uploads.map((upload) => (
              <Coming key={upload.id} upload={upload} again={() => again(upload)} forget={() => forget(upload.id)} />
            ))}
          </ul>
        </div>
      )}
      {confirm}
    </Section>
  );
}

function AttachButton({ onPick }: { onPick: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          onPick([...(event.target.files ?? [])]);
          // The same file may be chosen again.
          event.target.value = "";
        }}
      />
      <Button size="s" variant="quiet" onClick={() => input.current?.click()}>
        <Paperclip size={12} aria-hidden="true" /> {say.attach}
      </Button>
    </>
  );
}

const LINE = "flex flex-wrap items-center min-h-10 gap-x-3 px-4 py-1.5";

function Row({ file, remove }: { file: Attachment; remove: (() => void) | undefined }) {
  return (
    <li className={LINE}>
      <a href={attachmentPath(file.id)} download={file.name} title={say.save(file.name)} className="group/file flex min-w-0 flex-1 basis-[120px] items-center gap-2 font-[510]">
        <span className="min-w-0 wrap-anywhere group-hover/file:underline">{file.name}</span>
        <Download size={14} aria-hidden="true" className="shrink-0 text-muted" />
      </a>
      <span className="ml-auto flex items-center gap-2">
        <span className="num text-s whitespace-nowrap text-muted">
          {formatBytes(file.size)} · <Ago at={file.created_at} />
        </span>
        {remove && (
          <IconButton label={say.remove(file.name)} onClick={remove} className="hover:text-wrong">
            <Trash2 size={14} />
          </IconButton>
        )}
      </span>
    </li>
  );
}

/** A file on its way, or why it did not arrive. */
function Coming({ upload: { file, share, problem }, again, forget }: { upload: Upload; again: () => void; forget: () => void }) {
  const percent = Math.round((share ?? 0) * 100);
  return (
    <li className={LINE}>
      {problem ? (
        <p role="alert" className="min-w-0 flex-1 basis-[160px] text-wrong wrap-anywhere">
          {say.refused(file.name, problem)}
        </p>
      ) : (
        <>
          <span className="min-w-0 flex-1 basis-[160px] text-muted wrap-anywhere">{file.name}</span>
          <span role="progressbar" aria-label={say.uploading(file.name)} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100} className="h-1.5 w-24 overflow-hidden rounded-full bg-sunken">
            <span className="block h-full bg-work" style={{ width: `${percent}%` }} />
          </span>
          <span className="num w-12 text-right text-s text-muted">{share === null ? say.waits : formatShare(share)}</span>
        </>
      )}
      <span className="ml-auto flex items-center gap-1">
        {problem && (
          <IconButton label={say.again(file.name)} onClick={again}>
            <RefreshCw size={14} />
          </IconButton>
        )}
        <IconButton label={problem ? say.forget(file.name) : say.stop(file.name)} onClick={forget}>
          <X size={14} />
        </IconButton>
      </span>
    </li>
  );
}
