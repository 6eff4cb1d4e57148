import type { ReactNode } from "react";

import { StepNumber } from "@/components/step-number";
import { cx } from "@/lib/cx";
import { welcome as say } from "@/strings/welcome";

type Props = { number: number; done?: boolean; title: string; /** What came of it, in few words. */ result?: string | undefined; /** What does it; the steps to come have nothing yet. */ children?: ReactNode };

/** One of the first things to do. Only the one at hand is open. */
export function Step({ number, done = false, title, result, children }: Props) {
  const open = Boolean(children);
  return (
    <li aria-current={open && !done ? "step" : undefined} className="grid gap-3 px-5 py-4 max-md:px-4">
      <div className="flex items-center gap-3">
        <StepNumber number={number} done={done && say.done} />
        <h2 className={cx("min-w-0 flex-1 break-words", open || done ? "font-[560]" : "text-muted")}>{title}</h2>
        {result && <p className="text-s text-muted">{result}</p>}
      </div>
      {children && <div className="grid min-w-0 gap-3 md:pl-10">{children}</div>}
    </li>
  );
}
