import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check } from "lucide-react";
import type { ReactNode } from "react";

import { providersQuery } from "@/api/providers";
import { buttonClass } from "@/components/button";
import { now } from "@/strings/now";

const say = now.steps;

/** The empty house teaches: what to do first, and what is done already. */
export function FirstSteps() {
  const { data: providers } = useQuery(providersQuery);
  const provided = (providers?.items.length ?? 0) > 0;
  return (
    <ol className="card divide-y divide-line">
      <Step number={1} done={provided} title={say.provider} help={say.providerHelp}>
        <Link to="/providers" search={{ new: true }} className={buttonClass(provided ? "plain" : "primary")}>
          {say.provider}
        </Link>
      </Step>
      <Step number={2} done={false} title={say.task} help={say.taskHelp}>
        <Link to="/board" search={{ new: true }} className={buttonClass()}>
          {say.task}
        </Link>
      </Step>
    </ol>
  );
}

function Step({ number, done, title, help, children }: { number: number; done: boolean; title: string; help: string; children: ReactNode }) {
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-4">
      <span className="grid size-7 shrink-0 place-items-center rounded-full border border-line-strong text-s font-[560] text-muted">
        {done ? <Check size={14} className="text-work" aria-label={say.done} /> : number}
      </span>
      <div className="min-w-0 flex-1 basis-[220px]">
        <h2 className="font-[560]">{title}</h2>
        <p className="text-muted">{help}</p>
      </div>
      {children}
    </li>
  );
}
