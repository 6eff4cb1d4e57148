import { RefreshCw } from "lucide-react";
import type { ReactNode } from "react";

import { asProblem } from "@/api/problem";
import { Button } from "@/components/button";
import { cx } from "@/lib/cx";
import { words } from "@/strings/common";

/** Teaches what comes here. `wide`: as wide as what stands below it. */
export function Empty({ title, children, action, wide = false }: { title: string; children?: ReactNode; action?: ReactNode; wide?: boolean }) {
  return (
    <div className={cx("card grid w-full", !wide && "mx-auto max-w-[560px]", "justify-items-center gap-1.5 px-6 py-10 text-center")}>
      <h2 className="text-l font-semibold">{title}</h2>
      {children && <div className="max-w-[44ch] text-muted">{children}</div>}
      {action && <div className="mt-3 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

/** What went wrong and what to do, in the place of what could not be shown. */
export function ProblemNote({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = asProblem(error);
  return (
    <div role="alert" className="card flex flex-wrap items-center gap-3 border-l-[3px] border-l-wrong px-4 py-3">
      <div className="min-w-0 flex-1">
        <p className="font-[560]">{problem.status === 404 ? words.notFound : words.couldNotLoad}</p>
        <p className="text-muted">{problem.message}</p>
      </div>
      {retry && (
        <Button onClick={retry}>
          <RefreshCw size={13} aria-hidden="true" /> {words.tryAgain}
        </Button>
      )}
    </div>
  );
}

/** The same in a line, where one part of something is missing. */
export function ProblemLine({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <p role="alert" className="flex flex-wrap items-center gap-x-2 text-s text-wrong">
      <span className="min-w-0">
        {words.couldNotLoad} {asProblem(error).message}
      </span>
      <button type="button" onClick={retry} className="min-h-6 pointer-coarse:min-h-10 font-[560] text-accent hover:underline">
        {words.tryAgain}
      </button>
    </p>
  );
}

/** Whether its first answer is on its way: a page's parts wait for each other's, but for none that fails and is tried again. */
export const firstAsked = (query: { isPending: boolean; failureCount: number }): boolean => query.isPending && query.failureCount === 0;

/** Grey rows while something loads; invisible for the first 200 ms. */
export function SkeletonRows({ rows = 6 }: { rows?: number }) {
  return (
    <div role="status" className="card divide-y divide-line">
      <span className="sr-only">{words.loading}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex items-center gap-6 px-4 py-3.5">
          <span className="skeleton h-3 w-32" />
          <span className="skeleton h-3 flex-1" />
          <span className="skeleton h-3 w-16" />
        </div>
      ))}
    </div>
  );
}

/** Grey fields while a form's choices load; invisible for the first 200 ms. */
export function SkeletonFields({ fields = 4 }: { fields?: number }) {
  return (
    <div role="status" className="grid gap-4">
      <span className="sr-only">{words.loading}</span>
      {Array.from({ length: fields }, (_, at) => (
        <span key={at} className="grid gap-1.5">
          <span className="skeleton h-3 w-24" />
          <span className="skeleton h-8" />
        </span>
      ))}
    </div>
  );
}
