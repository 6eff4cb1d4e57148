import { useEffect, useRef, useState } from "react";

/** What was dropped, and whether there were folders among it, which no browser can send. */
export type Dropped = { files: File[]; folders: boolean };

const brings = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;

/** Sorts what was dropped. Pure. */
export function dropped({ items }: Pick<DataTransfer, "items">): Dropped {
  const files = [...items].filter((item) => item.kind === "file");
  const isFolder = (item: DataTransferItem) => item.webkitGetAsEntry()?.isDirectory === true;
  return {
    files: files.filter((item) => !isFolder(item)).flatMap((item) => item.getAsFile() ?? []),
    folders: files.some(isFolder),
  };
}

/**
 * Takes files dropped anywhere on the page, and says whether some are held over it.
 *
 * Anywhere: a file dropped beside a small field would otherwise replace the page by itself.
 */
export function useFileDrop(enabled: boolean, onDrop: (what: Dropped) => void): boolean {
  const [over, setOver] = useState(false);
  const take = useRef(onDrop);
  useEffect(() => {
    take.current = onDrop;
  });
  useEffect(() => {
    if (!enabled) return;
    const drag = (event: DragEvent) => {
      if (!brings(event)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
      setOver(true);
    };
    // Leaving the window names nothing that is entered; going from one part of it to the next does.
    const leave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    const drop = (event: DragEvent) => {
      setOver(false);
      if (!brings(event) || !event.dataTransfer) return;
      event.preventDefault();
      take.current(dropped(event.dataTransfer));
    };
    window.addEventListener("dragover", drag);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    return () => {
      setOver(false);
      window.removeEventListener("dragover", drag);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
    };
  }, [enabled]);
  return over;
}
