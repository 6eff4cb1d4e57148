import type { ReactNode } from "react";

import { StepNumber } from "@/components/step-number";
import { now } from "@/strings/now";

type Props = { number: number; done: boolean; title: string; help: string; children: ReactNode; /** What came of it. */ below?: ReactNode };

/** One of the first things to do, with what does it. */
export function Step({ number, done, title, help, children, below }: Props) {
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-4">
      <StepNumber number={number} done={done && now.steps.done} />
      <div className="min-w-0 flex-1 basis-[220px]">
        <h2 className="font-[560] break-words">{title}</h2>
        <p className="text-muted">{help}</p>
      </div>
      {children}
      {below}
    </li>
  );
}
