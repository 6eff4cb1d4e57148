import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";

import { contentQuery } from "@/api/deliverables";
import type { Version } from "@/api/types";
import { ProblemNote } from "@/components/states";
import { deliverables as say } from "@/strings/deliverables";

/** A PDF in the browser's own viewer, which runs apart from this page; it is never opened as anything but a PDF. */
export function Pdf({ deliverableId, version, name }: { deliverableId: string; version: Version; name: string }) {
  const viewer = navigator.pdfViewerEnabled;
  const { data, error, refetch } = useQuery({ ...contentQuery(deliverableId, version.number), enabled: viewer });
  const show = useCallback(
    (frame: HTMLIFrameElement | null) => {
      if (!frame || !data) return;
      const url = URL.createObjectURL(new Blob([data.bytes as BlobPart], { type: "application/pdf" }));
      frame.src = url;
      return () => URL.revokeObjectURL(url);
    },
    [data],
  );
  if (!viewer) return <p className="p-4 text-muted">{say.noPdf}</p>;
  if (error && !data) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data) return <span className="skeleton m-4 block h-[60vh]" />;
  return <iframe ref={show} title={say.pictureOf(name, version.number)} className="block h-[70vh] w-full bg-sunken" />;
}
