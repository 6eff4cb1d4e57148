import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { newestCallsQuery } from "@/api/calls";
import { connectQuery } from "@/api/connect";
import { useMay } from "@/api/may";
import { checkedQuery, providersQuery } from "@/api/providers";
import type { Provider } from "@/api/types";
import { buttonClass } from "@/components/button";
import { CallCost, OutcomeWord } from "@/components/call-words";
import { Dot } from "@/components/chip";
import { CodeBlock } from "@/components/code-block";
import { Segmented } from "@/components/segmented";
import { ProblemNote } from "@/components/states";
import { filled, inOrder, modelsFor, untold } from "@/features/agents/snippets";
import { remember, remembered } from "@/lib/storage";
import { agents } from "@/strings/agents";

const say = agents.connect;
const MOST_ASKED = 3;

/** Copy-paste lines that already hold this server's address and, once there is one, the key. */
export function ConnectSnippets({ secret, stays = false }: { secret: string | undefined; /** A provider is added on this page, and leaving it would lose the key. */ stays?: boolean }) {
  const [chosen, setChosen] = useState(remembered("snippet") ?? "curl");
  const { data: connect, error, refetch } = useQuery(connectQuery);
  const { data: providers } = useQuery(providersQuery);
  const admin = useMay("administer");
  const served = useServed(providers?.items, admin);
  if (error && !connect) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!connect) return <span className="skeleton block h-24" />;
  const all = inOrder(connect.snippets);
  const snippet = all.find((each) => each.id === chosen) ?? all[0];
  const choose = (id: string) => {
    setChosen(id);
    remember("snippet", id);
  };
  if (!snippet) return null;
  // The key is shown once: what leads away from it opens beside it.
  const beside = secret ? { target: "_blank" } : {};
  return (
    <div className="grid min-w-0 gap-2.5">
      {providers?.items.length === 0 && (
        <p className="flex flex-wrap items-center gap-2 rounded-s bg-wait-soft px-3 py-2 text-s text-wait">
          {!admin ? say.noProviderAsk : stays ? say.noProviderAbove : say.noProvider}
          {admin && !stays && (
            <Link to="/providers" search={{ new: true }} {...beside} className="font-[560] underline underline-offset-2">
              {say.addProvider}
            </Link>
          )}
        </p>
      )}
      <div ref={showChosen} className="scroll-quiet -mx-1 overflow-x-auto px-1 py-0.5">
        <Segmented label={say.how} value={snippet.id} onChange={choose} options={all.map((each) => ({ value: each.id, label: each.title }))} />
      </div>
      <p className="text-s text-muted">
        {snippet.gives} <span className="text-faint">{snippet.where}.</span>
      </p>
      <CodeBlock code={filled(snippet, connect, secret, modelsFor(served))} label={snippet.title} />
    </div>
  );
}

/** The strip is wider than a phone: it begins where the chosen one is. */
function showChosen(strip: HTMLElement | null): void {
  const chosen = strip?.querySelector<HTMLElement>("[aria-pressed=true]");
  if (strip && chosen) strip.scrollLeft = chosen.getBoundingClientRect().left - strip.getBoundingClientRect().left - (strip.clientWidth - chosen.offsetWidth) / 2;
}

/** The providers, with the models that those offer whose kind does not tell: asked of them, as only an admin may. */
function useServed(providers: Provider[] = [], admin: boolean): Provider[] {
  const asked = untold(providers).slice(0, MOST_ASKED);
  const offers = useQueries({ queries: asked.map((provider) => ({ ...checkedQuery(provider), enabled: admin })) });
  return providers.map((provider) => {
    const found = offers[asked.indexOf(provider)]?.data?.offers ?? [];
    return found.length > 0 ? { ...provider, models: found } : provider;
  });
}

/** Waits for an agent's first call and says when it came. */
export function FirstCall({ agentId, onOpen }: { agentId: string; onOpen?: () => void }) {
  const { data } = useQuery(newestCallsQuery({ agent_id: agentId }, 1));
  const call = data?.items[0];
  return (
    <div role="status" className="flex min-h-[52px] flex-wrap items-center gap-x-3 gap-y-1 rounded-m border border-line bg-bg px-3 py-2">
      {call ? (
        <>
          <Dot tone={call.outcome === "ok" ? "work" : "wrong"} />
          <b>{call.outcome === "ok" ? say.arrived : say.arrivedWrong}</b>
          <span className="flex flex-wrap items-center gap-x-2 text-s text-muted">
            {call.model ?? call.model_asked} · <OutcomeWord outcome={call.outcome} code={call.error_code} /> · <CallCost call={call} />
          </span>
          <Link to="/calls/$callId" params={{ callId: call.id }} className={buttonClass("primary", "s") + " ml-auto"} onClick={onOpen}>
            {call.outcome === "ok" ? say.open : say.why}
          </Link>
        </>
      ) : (
        <>
          <span aria-hidden="true" className="relative grid size-2 place-items-center">
            <span className="absolute size-2 animate-ping rounded-full bg-wait opacity-60" />
            <span className="size-2 rounded-full bg-wait" />
          </span>
          <b>{say.waiting}</b>
          <span className="text-s text-muted">{say.waitingHelp}</span>
        </>
      )}
    </div>
  );
}
