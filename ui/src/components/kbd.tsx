import type { ReactNode } from "react";

export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-block rounded-[4px] border border-b-2 border-line-strong bg-surface px-1 py-[2px] font-sans text-2xs leading-none font-[510] text-faint">
      {children}
    </kbd>
  );
}

/** The key of an act, on its button; not where there is no keyboard. */
export function KeyHint({ children }: { children: ReactNode }) {
  return (
    <span aria-hidden="true" className="pointer-coarse:hidden max-md:hidden">
      <Kbd>{children}</Kbd>
    </span>
  );
}
