import { Check } from "lucide-react";

/** The number of a step, or that it is done; `done` is the word for it. */
export function StepNumber({ number, done }: { number: number; done?: string | false | undefined }) {
  return (
    <span className="grid size-7 shrink-0 place-items-center rounded-full border border-line-strong text-s font-[560] text-muted">
      {done ? <Check size={14} className="text-work" aria-label={done} /> : number}
    </span>
  );
}
