import type { ReactNode } from "react";
import { useId } from "react";

import { cx } from "@/lib/cx";
import { keepHighest } from "@/lib/keep-highest";
import { usePageTitle } from "@/lib/title";

type PageProps = {
  /** The name in the browser's tab. */
  title: string;
  /** The answer to the page's question, as a sentence. */
  answer: ReactNode;
  above?: ReactNode;
  below?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** Uses the window's full height and lets its parts scroll. */
  fill?: boolean;
  /** For pages of several columns. */
  wide?: boolean;
  /** Its answer changes while somebody looks: on a phone the room for its lines is kept, so that nothing is moved from under a finger. */
  lively?: boolean;
};

export function Page({ title, answer, above, below, actions, children, fill = false, wide = false, lively = false }: PageProps) {
  usePageTitle(title);
  return (
    <div className={cx("w-full px-4 pt-4 pb-20 md:px-8 md:pt-6", fill ? "flex min-h-0 flex-col md:h-dvh md:pb-0" : cx(wide ? "max-w-[1600px]" : "max-w-[1320px]", "md:pb-16"))}>
      {above && <div className="mb-1.5 text-s text-muted">{above}</div>}
      <header className="mb-4 flex flex-wrap items-start gap-x-4 gap-y-2 md:mb-5">
        <div className="min-w-0 flex-1 basis-[280px]">
          <h1 ref={lively ? keepHighest : undefined} className={cx("text-xl leading-[1.35] font-semibold tracking-[-0.015em] break-words", lively && "max-md:min-h-[4.05em]")}>
            {answer}
          </h1>
          {below && <div className="mt-1 text-muted">{below}</div>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-1.5">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Section({ title, aside, children, className }: { title: ReactNode; aside?: ReactNode; children: ReactNode; className?: string }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={className}>
      <div className="mb-2 flex min-h-6 items-center gap-2">
        <h2 id={id} className="text-s font-[560] text-muted">{title}</h2>
        {aside && <div className="ml-auto flex items-center gap-2 text-s text-faint [&>a]:inline-flex [&>a]:min-h-6 [&>a]:items-center pointer-coarse:[&>a]:min-h-10">{aside}</div>}
      </div>
      {children}
    </section>
  );
}

/** Words of a sentence that want to be seen, underlined in the colour of their state. */
export function Mark({ tone, children }: { tone?: "work" | "wait" | "wrong" | "review"; children: ReactNode }) {
  const line = { work: "border-work", wait: "border-wait", wrong: "border-wrong", review: "border-review" } as const;
  return <em className={cx("border-b-2 not-italic", tone ? line[tone] : "border-line-strong")}>{children}</em>;
}

export function Strip({ figures }: { figures: { label: string; value: ReactNode; note?: ReactNode }[] }) {
  return (
    <dl className="mb-5 last:mb-0 grid grid-cols-2 gap-px overflow-hidden rounded-m border border-line bg-line lg:grid-cols-4">
      {figures.map((figure) => (
        <div key={figure.label} className="bg-surface px-4 py-3">
          <dt className="text-xs text-muted">{figure.label}</dt>
          <dd className="num text-figure font-[560] tracking-[-0.01em]">
            {figure.value}
            {figure.note && <span className="text-s leading-snug font-normal tracking-normal text-muted max-md:block"> {figure.note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
