import { useQueries } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useState } from "react";

import { checkedQuery } from "@/api/providers";
import type { CheckedProvider, Provider } from "@/api/types";
import { Button } from "@/components/button";
import { Dot } from "@/components/chip";
import { checkedTone, checkedWords } from "@/components/provider-checked";
import { Step } from "@/features/now/step";
import { cx } from "@/lib/cx";
import { now } from "@/strings/now";
import { providers as words } from "@/strings/providers";

const say = now.steps;
/** So many are asked whether they let us in; whoever has more is no newcomer. */
const MOST = 5;

export type Provide = (onClose: () => void, provider?: Provider) => ReactNode;
type Look = "work" | "wrong" | "plain";

const lookOf = (provider: Provider, checked: CheckedProvider | undefined): Look => (provider.problem ? "wrong" : checked ? checkedTone(checked) : "plain");

/** A provider, and whether it lets us in: the step is done by one that does. */
export function ProviderStep({ number, providers, provide }: { number: number; providers: Provider[]; provide: Provide }) {
  const [open, setOpen] = useState<{ provider?: Provider }>();
  const shown = providers.slice(0, MOST);
  const checks = useQueries({ queries: shown.map((provider) => ({ ...checkedQuery(provider), enabled: !provider.problem })) });
  const looks = shown.map((provider, at) => lookOf(provider, checks[at]?.data));
  const done = looks.some((look, at) => look === "work" || (look === "plain" && !checks[at]?.isLoading));
  const wrong = looks.length > 0 && looks.every((look) => look === "wrong");
  return (
    <Step
      number={number}
      done={done}
      title={say.provider}
      help={say.providerHelp}
      below={
        shown.length > 0 && (
          <ul aria-label={words.title} className="grid w-full gap-2 pl-11 max-md:pl-0">
            {shown.map((provider, at) => (
              <Found key={provider.name} provider={provider} look={looks[at] ?? "plain"} checked={checks[at]?.data} asking={checks[at]?.isLoading ?? false} mend={() => setOpen({ provider })} />
            ))}
          </ul>
        )
      }
    >
      <Button variant={shown.length > 0 ? "plain" : "primary"} onClick={() => setOpen({})}>
        {shown.length === 0 ? say.provider : wrong ? say.other : say.another}
      </Button>
      {open && provide(() => setOpen(undefined), open.provider)}
    </Step>
  );
}

type FoundProps = { provider: Provider; look: Look; checked: CheckedProvider | undefined; asking: boolean; mend: () => void };

function Found({ provider, look, checked, asking, mend }: FoundProps) {
  return (
    <li className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-2.5">
      <Dot tone={look === "plain" ? "idle" : look} />
      <span className={cx("text-s break-words", look === "wrong" ? "text-wrong" : "text-muted")}>
        <b className="text-base text-ink">{provider.name}</b> <span>{provider.problem ?? (checked ? checkedWords(checked) : asking && words.asking)}</span>
      </span>
      {look === "wrong" && !provider.declared && (
        <Button size="s" variant="primary" aria-label={words.changeLabel(provider.name)} onClick={mend}>
          {words.mend}
        </Button>
      )}
    </li>
  );
}
