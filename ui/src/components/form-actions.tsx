import type { ReactNode } from "react";

import { cx } from "@/lib/cx";

/** The buttons that end a form, and why it was refused: in a dialog both stay in sight while the form scrolls. `alone`: it stands on a page. */
export function FormActions({ problem, alone = false, children }: { problem?: ReactNode; alone?: boolean; children: ReactNode }) {
  return (
    <div className={cx("grid gap-2", !alone && "sticky -bottom-5 -mx-5 -mb-5 border-t border-line bg-surface px-5 py-3")}>
      {problem && (
        <p role="alert" className="scroll-quiet max-h-[30dvh] overflow-y-auto text-s break-words text-wrong">
          {problem}
        </p>
      )}
      <div className="flex flex-wrap justify-end gap-2">{children}</div>
    </div>
  );
}
