import { FileCode2 } from "lucide-react";

import { Chip } from "@/components/chip";
import { words } from "@/strings/common";

/** Stands where a row is changed, of what only the file changes. */
export function DeclaredChip(props: { title?: string }) {
  return (
    <Chip {...props}>
      <FileCode2 size={12} aria-hidden="true" />
      <span className="max-md:sr-only">{words.declared}</span>
    </Chip>
  );
}
