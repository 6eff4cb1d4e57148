import type { ReactNode } from "react";

/** The buttons that end a form in a dialog; they stay in sight while the form scrolls. */
export function FormActions({ children }: { children: ReactNode }) {
  return <div className="sticky -bottom-5 -mx-5 -mb-5 flex justify-end gap-2 border-t border-line bg-surface px-5 py-3">{children}</div>;
}
