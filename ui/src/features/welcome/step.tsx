import type { ReactNode } from "react";

import { StepNumber } from "@/components/step-number";
import { cx } from "@/lib/cx";
import { welcome as say } from "@/strings/welcome";

type Props = { number: number; done?: boolean; title: string; /** It comes up with no field to type in: whoever uses keys goes on from its title. */ arrived?: boolean; /** What does it; the steps to come have nothing yet. */ children?: ReactNode };

const focused = (title: HTMLElement | null): void => title?.focus({ preventScroll: true });

/** One of the first things to do. Only the one at hand is open. */
export function Step({ number, done = false, title, arrived = false, children }: Props) {
  const open = Boolean(children);
  return (
    <li aria-current={open && !done ? "step" : undefined} className="grid gap-3 px-5 py-4 max-md:px-4">
      <div className="flex items-center gap-3">
        <StepNumber number={number} done={done && say.done} />
        <h2 ref={arrived ? focused : undefined} tabIndex={arrived ? -1 : undefined} className={cx("min-w-0 flex-1 break-words outline-none", open || done ? "font-[560]" : "text-muted")}>{title}</h2>
      </div>
      {children && <div className="grid min-w-0 gap-3 md:pl-10">{children}</div>}
    </li>
  );
}
