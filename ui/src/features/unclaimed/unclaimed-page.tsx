import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { unclaimedQuery } from "@/api/calls";
import { useMay } from "@/api/may";
import type { Unclaimed } from "@/api/types";
import { Avatar } from "@/components/avatar";
import { Button, buttonClass } from "@/components/button";
import { Ago, Money } from "@/components/figures";
import { Page, Section } from "@/components/page";
import { Empty, ProblemNote, SkeletonRows } from "@/components/states";
import { AdoptDialog } from "@/features/unclaimed/adopt-dialog";
import { FirstWords } from "@/features/unclaimed/first-words";
import { byAgent } from "@/features/unclaimed/groups";
import { MakeTaskDialog } from "@/features/unclaimed/make-task-dialog";
import { formatMoney } from "@/lib/format";
import { useListKeys } from "@/lib/list-keys";
import { words } from "@/strings/common";
import { unclaimed as say } from "@/strings/unclaimed";

/** Which traffic has no task: by agent and conversation, and the way to give it one. */
export function UnclaimedPage() {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(unclaimedQuery());
  const [making, setMaking] = useState<Unclaimed>();
  const [adopting, setAdopting] = useState<Unclaimed>();
  useListKeys();
  const groups = byAgent(data?.pages.flatMap((page) => page.items) ?? []);
  const [sums] = data?.pages ?? [];
  return (
    <Page
      title={say.title}
      answer={sums ? (sums.calls === 0 ? say.none : `${sums.whole ? "" : `${words.atLeast} `}${say.answer(sums.calls, sums.agents, formatMoney(sums.cost_nano))}.`) : say.title}
      below={sums && sums.calls > 0 ? say.help : undefined}
    >
      {error && !data && <ProblemNote error={error} retry={() => void refetch()} />}
      {!error && !data && <SkeletonRows />}
      {sums?.calls === 0 && <Empty title={say.noneTitle}>{say.noneHelp}</Empty>}
      <div className="grid gap-6">
        {groups.map((group) => (
          <Section
            key={group.key}
            title={
              <span className="flex items-center gap-2 text-base text-ink">
                <Avatar name={group.agent?.name ?? say.someone} agent />
                {group.agent ? (
                  <Link to="/agents/$agentId" params={{ agentId: group.agent.id }} className="inline-flex min-h-6 items-center hover:underline pointer-coarse:min-h-10">
                    {group.agent.name}
                  </Link>
                ) : (
                  say.someone
                )}
              </span>
            }
            aside={
              <span className="text-muted">
                {words.calls(group.calls)} · <Money nano={group.cost} unpriced={group.unpriced} />
              </span>
            }
          >
            <ul className="card divide-y divide-line">
              {group.talks.map((talk) => (
                <TalkRow key={talk.conversation_id ?? talk.newest.id} talk={talk} onMake={() => setMaking(talk)} onAdopt={() => setAdopting(talk)} />
              ))}
            </ul>
          </Section>
        ))}
      </div>
      {hasNextPage && (
        <Button className="mt-4" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {say.more}
        </Button>
      )}
      {adopting && <AdoptDialog talk={adopting} onClose={() => setAdopting(undefined)} />}
      {making && <MakeTaskDialog talk={making} onClose={() => setMaking(undefined)} />}
    </Page>
  );
}

function TalkRow({ talk, onMake, onAdopt }: { talk: Unclaimed; onMake: () => void; onAdopt: () => void }) {
  const allowed = useMay("work");
  const { newest } = talk;
  const model = newest.model ?? newest.model_asked;
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1.5 px-4 py-2.5 has-[[data-row-link]:focus-visible]:bg-accent-soft">
      <span className="grid min-w-0 flex-1 basis-[240px]">
        <Link to="/calls/$callId" params={{ callId: newest.id }} data-row-link className="truncate leading-6 font-[510] hover:underline">
          {!talk.conversation_id ? say.single : newest.body_mode === "none" ? say.talk(model) : <FirstWords callId={talk.first_call_id} fallback={say.talk(model)} />}
        </Link>
        <span className="text-s text-muted">
          <Link to="/calls" search={talk.conversation_id ? { conversation: talk.conversation_id } : { unclaimed: true, ...(talk.agent ? { agent: talk.agent.id } : {}) }} className="hover:underline">
            {words.calls(talk.calls)}
          </Link>
          {" · "}
          {model} · <Ago at={newest.started_at} />
        </span>
      </span>
      <Money nano={talk.cost_nano} unpriced={talk.unpriced_calls} />
      <span className="flex flex-wrap gap-2">
        <Link to="/calls/$callId" params={{ callId: newest.id }} className={buttonClass("quiet", "s")}>
          {say.look}
        </Link>
        {allowed && (
          <>
            <Button size="s" onClick={onAdopt}>
              {say.adopt}
            </Button>
            <Button size="s" onClick={onMake}>
              {say.make}
            </Button>
          </>
        )}
      </span>
    </li>
  );
}
