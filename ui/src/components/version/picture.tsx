import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";

import { contentQuery } from "@/api/deliverables";
import type { Version } from "@/api/types";
import { ProblemNote } from "@/components/states";
import { deliverables as say } from "@/strings/deliverables";

/** An image of a version, from our own server, as an image and nothing else. */
export function Picture({ deliverableId, version, name }: { deliverableId: string; version: Version; name: string }) {
  const { data, error, refetch } = useQuery(contentQuery(deliverableId, version.number));
  const show = useCallback(
    (image: HTMLImageElement | null) => {
      if (!image || !data) return;
      const url = URL.createObjectURL(new Blob([data.bytes as BlobPart], { type: data.type.split(";")[0] ?? "" }));
      image.src = url;
      return () => URL.revokeObjectURL(url);
    },
    [data],
  );
  if (error) return <ProblemNote error={error} retry={() => void refetch()} />;
  return (
    <figure className="grid min-w-0 gap-1.5">
      <div className="grid min-h-40 place-items-center overflow-hidden rounded-s border border-line bg-sunken p-2">
        {data ? <img ref={show} alt={say.pictureOf(name, version.number)} className="max-h-[480px] max-w-full" /> : <span className="skeleton h-32 w-48" />}
      </div>
      <figcaption className="text-s text-faint">{say.version(version.number)}</figcaption>
    </figure>
  );
}
