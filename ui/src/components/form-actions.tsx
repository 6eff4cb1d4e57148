import type { ReactNode } from "react";

/** The buttons that end a form in a dialog, and why it was refused: both stay in sight while the form scrolls. */
export function FormActions({ problem, children }: { problem?: ReactNode; children: ReactNode }) {
  return (
    <div className="sticky -bottom-5 -mx-5 -mb-5 grid gap-2 border-t border-line bg-surface px-5 py-3">
      {problem && (
        <p role="alert" className="scroll-quiet max-h-[30dvh] overflow-y-auto text-s break-words text-wrong">
          {problem}
        </p>
      )}
      <div className="flex flex-wrap justify-end gap-2">{children}</div>
    </div>
  );
}
