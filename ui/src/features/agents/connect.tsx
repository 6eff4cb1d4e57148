import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { newestCallsQuery } from "@/api/calls";
import { connectQuery } from "@/api/connect";
import { useMay } from "@/api/may";
import { checkedQuery, providersQuery } from "@/api/providers";
import type { Provider, Snippet } from "@/api/types";
import { buttonClass } from "@/components/button";
import { CallCost, OutcomeWord } from "@/components/call-words";
import { Dot } from "@/components/chip";
import { CodeBlock } from "@/components/code-block";
import { CopyButton } from "@/components/copy-button";
import { FilterSelect } from "@/components/field";
import { KeySecret } from "@/components/key-secret";
import { checkedTone } from "@/components/provider-checked";
import { Segmented } from "@/components/segmented";
import { ProblemNote } from "@/components/states";
import { filled, modelsFor, parted, untold } from "@/features/agents/snippets";
import { remember, remembered } from "@/lib/storage";
import { agents } from "@/strings/agents";

const say = agents.connect;
const MOST_ASKED = 3;

/** Copy-paste lines that already hold this server's address and, once there is one, the key. */
export function ConnectSnippets({ secret, brief = false }: { secret: string | undefined; /** No more than the lines, with the key in them alone. */ brief?: boolean }) {
  const [chosen, setChosen] = useState(remembered("snippet") ?? "curl");
  const { data: connect, error, refetch } = useQuery(connectQuery);
  const { data: providers } = useQuery(providersQuery);
  const admin = useMay("administer");
  const served = useServed(providers?.items, admin);
  if (error && !connect) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!connect) return <span className="skeleton block h-24" />;
  const snippet = connect.snippets.find((each) => each.id === chosen) ?? connect.snippets[0];
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
          {admin ? say.noProvider : say.noProviderAsk}
          {admin && (
            <Link to="/providers" search={{ new: true }} {...beside} className="font-[560] underline underline-offset-2">
              {say.addProvider}
            </Link>
          )}
        </p>
      )}
      <ChooseClient all={connect.snippets} chosen={snippet.id} choose={choose} />
      <p className="text-s text-muted">
        {!brief && snippet.gives} <span className={brief ? undefined : "text-faint"}>{snippet.where}.</span>
      </p>
      <CodeBlock code={filled(snippet, connect, secret, modelsFor(served, served.length < (providers?.items.length ?? 0)))} label={snippet.title} />
      {brief && secret && (snippet.text.includes(connect.key_placeholder) ? <KeyInLines secret={secret} /> : <KeySecret secret={secret} />)}
    </div>
  );
}

/** Those that most ask for stand side by side, all others in a list. */
function ChooseClient({ all, chosen, choose }: { all: Snippet[]; chosen: string; choose: (id: string) => void }) {
  const [first, rest] = parted(all);
  const apart = rest.some((each) => each.id === chosen);
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-2">
      <div ref={showChosen} className="scroll-quiet -mx-1 overflow-x-auto px-1 py-0.5">
        <Segmented label={say.how} value={chosen} onChange={choose} options={first.map((each) => ({ value: each.id, label: each.title }))} />
      </div>
      <FilterSelect label={say.otherClient} value={apart ? chosen : ""} onChange={(id) => id && choose(id)} choices={rest.map((each) => ({ value: each.id, label: each.title }))} />
    </div>
  );
}

function KeyInLines({ secret }: { secret: string }) {
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-s text-muted">
      {say.keyInLines} <CopyButton text={secret} label={say.copyKey} variant="quiet" />
    </p>
  );
}

/** The strip is wider than a phone: it begins where the chosen one is. */
function showChosen(strip: HTMLElement | null): void {
  const chosen = strip?.querySelector<HTMLElement>("[aria-pressed=true]");
  if (strip && chosen) strip.scrollLeft = chosen.getBoundingClientRect().left - strip.getBoundingClientRect().left - (strip.clientWidth - chosen.offsetWidth) / 2;
}

/** The providers, without those that are known not to work where another one may; with the models that those offer whose kind does not tell: asked of them, as only an admin may. */
function useServed(providers: Provider[] = [], admin: boolean): Provider[] {
  const asked = untold(providers).slice(0, MOST_ASKED);
  // What others said when they were tested is used as well; they are not asked for it.
  const offers = useQueries({ queries: providers.map((provider) => ({ ...checkedQuery(provider), enabled: admin && asked.includes(provider) })) });
  const served = providers.map((provider, at) => {
    const checked = offers[at]?.data;
    const fails = Boolean(provider.problem) || (checked !== undefined && checkedTone(checked) === "wrong");
    const found = checked?.offers ?? [];
    return { fails, provider: provider.models === null && found.length > 0 ? { ...provider, models: found } : provider };
  });
  const working = served.filter(({ fails }) => !fails);
  return (working.length > 0 ? working : served).map(({ provider }) => provider);
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
