import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { attachFile, attachmentKeys } from "@/api/attachments";
import { constants } from "@/api/constants.gen";
import { asProblem } from "@/api/problem";
import type { Attachment } from "@/api/types";
import { toast } from "@/components/toast";
import { formatBytes } from "@/lib/format";
import { attachments as say } from "@/strings/attachments";

/** What the server takes of one file: said before a long upload rather than after it. */
export const MOST_BYTES = constants.file_bytes;

/** A file on its way: `share` of it sent, from 0 to 1; null while others go before it. `problem`: why it was refused. */
export type Upload = { id: number; file: File; share: number | null; problem?: string };

/** Why a file need not be sent at all. Pure. */
export const refusal = ({ size }: Pick<File, "size">): string | undefined =>
  size > MOST_BYTES ? say.tooLarge(formatBytes(size), formatBytes(MOST_BYTES)) : size === 0 ? say.nothingIn : undefined;

let nextId = 1;

/** Attaches files to a task, one after the other; one that is refused stays in the list with the reason. */
export function useUploads(taskId: string) {
  const client = useQueryClient();
  const [uploads, setUploads] = useState<Upload[]>([]);
  const stops = useRef(new Map<number, AbortController>());
  const last = useRef<Promise<unknown>>(Promise.resolve());
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => void (here.current = false);
  }, []);

  const change = (id: number, by: Partial<Upload>) => setUploads((all) => all.map((each) => (each.id === id ? { ...each, ...by } : each)));
  const forget = (id: number) => {
    stops.current.get(id)?.abort();
    stops.current.delete(id);
    setUploads((all) => all.filter((each) => each.id !== id));
  };
  const refuse = ({ id, file }: Upload, problem: string) => {
    change(id, { problem });
    // Whoever has left the page meanwhile is told where they are.
    if (!here.current) toast({ text: say.refused(file.name, problem), tone: "wrong" });
  };

  const send = async (upload: Upload): Promise<Attachment | undefined> => {
    const { id, file } = upload;
    const stop = stops.current.get(id);
    if (!stop) return undefined;
    try {
      change(id, { share: 0 });
      const added = await attachFile(taskId, file, { signal: stop.signal, onProgress: (share) => change(id, { share }) });
      client.setQueryData<Attachment[]>(attachmentKeys.of(taskId), (all) => all && [...all.filter((each) => each.id !== added.id), added]);
      forget(id);
      return added;
    } catch (error) {
      if (!stop.signal.aborted) refuse(upload, asProblem(error).message);
      return undefined;
    }
  };

  const attach = async (files: File[]): Promise<void> => {
    const begun = files.map((file): Upload => ({ id: nextId++, file, share: null }));
    setUploads((all) => [...all, ...begun]);
    const sound = begun.filter((upload) => {
      const problem = refusal(upload.file);
      if (problem) refuse(upload, problem);
      else stops.current.set(upload.id, new AbortController());
      return !problem;
    });
    const added: Attachment[] = [];
    last.current = last.current.then(async () => {
      for (const upload of sound) {
        const one = await send(upload);
        if (one) added.push(one);
      }
    });
    await last.current;
    await client.invalidateQueries({ queryKey: attachmentKeys.of(taskId) });
    if (added[0]) toast({ text: say.attached(added[0].name, added.length - 1), tone: "work" });
  };

  const again = ({ id, file }: Upload): void => {
    forget(id);
    void attach([file]);
  };
  return { uploads, attach, again, forget };
}
