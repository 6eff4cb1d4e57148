import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { renderedQuery, unclaimedQuery } from "@/api/calls";
import { useMay } from "@/api/may";
import { Avatar } from "@/components/avatar";
import { Button, buttonClass } from "@/components/button";
import { Ago, Money } from "@/components/figures";
import { Page, Section } from "@/components/page";
import { Empty, ProblemNote, SkeletonRows } from "@/components/states";
import type { Talk } from "@/features/unclaimed/groups";
import { byAgent, talks } from "@/features/unclaimed/groups";
import { MakeTaskDialog } from "@/features/unclaimed/make-task-dialog";
import { useListKeys } from "@/lib/list-keys";
import { words } from "@/strings/common";
import { unclaimed as say } from "@/strings/unclaimed";

/** Which traffic has no task: by agent and conversation, and the way to give it one. */
export function UnclaimedPage() {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(unclaimedQuery());
  const [making, setMaking] = useState<Talk>();
  useListKeys();
  const calls = data?.pages.flatMap((page) => page.items) ?? [];
  const groups = byAgent(talks(calls));
  return (
    <Page
      title={say.title}
      answer={data ? (calls.length === 0 ? say.none : `${hasNextPage ? `${words.atLeast} ` : ""}${say.answer(calls.length, groups.length)}.`) : say.title}
      below={calls.length > 0 ? say.help : undefined}
    >
      {error && !data && <ProblemNote error={error} retry={() => void refetch()} />}
      {!error && !data && <SkeletonRows />}
      {data && calls.length === 0 && <Empty title={say.none}>{say.noneHelp}</Empty>}
      <div className="grid gap-6">
        {groups.map((group) => (
          <Section
            key={group.key}
            title={
              <span className="flex items-center gap-2 text-base text-ink">
                <Avatar name={group.agent?.name ?? say.someone} agent />
                {group.agent ? (
                  <Link to="/agents/$agentId" params={{ agentId: group.agent.id }} className="hover:underline">
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
                <TalkRow key={talk.id} talk={talk} onMake={() => setMaking(talk)} />
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
      {making && <MakeTaskDialog talk={making} onClose={() => setMaking(undefined)} />}
    </Page>
  );
}

function TalkRow({ talk, onMake }: { talk: Talk; onMake: () => void }) {
  const allowed = useMay("work");
  const [newest] = talk.calls;
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1.5 px-4 py-2.5 has-[[data-row-link]:focus-visible]:bg-accent-soft">
      <span className="grid min-w-0 flex-1 basis-[240px]">
        {newest && (
          <Link to="/calls/$callId" params={{ callId: newest.id }} data-row-link className="truncate font-[510] hover:underline">
            <FirstWords callId={newest.id} fallback={newest.model ?? newest.model_asked} />
          </Link>
        )}
        <span className="text-s text-muted">
          {talk.conversationId ? (
            <Link to="/calls" search={{ conversation: talk.conversationId }} className="hover:underline">
              {words.calls(talk.calls.length)}
            </Link>
          ) : (
            words.calls(talk.calls.length)
          )}
          {" · "}
          {newest?.model ?? newest?.model_asked} · <Ago at={talk.last} />
        </span>
      </span>
      <Money nano={talk.cost} unpriced={talk.unpriced} />
      {newest && (
        <Link to="/calls/$callId" params={{ callId: newest.id }} className={buttonClass("quiet", "s")}>
          {say.look}
        </Link>
      )}
      {allowed && (
        <Button size="s" onClick={onMake}>
          {say.make}
        </Button>
      )}
    </li>
  );
}

/** What was asked first, which tells a conversation better than its number. */
function FirstWords({ callId, fallback }: { callId: string; fallback: string }) {
  const { data } = useQuery({ ...renderedQuery(callId), retry: false });
  return <>{firstWords(data) ?? fallback}</>;
}

export function firstWords(rendered: { messages: { role: string; parts: { kind: string; text?: string | null }[] }[] } | undefined): string | undefined {
  const asked = rendered?.messages.find((message) => message.role === "user");
  const text = asked?.parts.find((part) => part.kind === "text" && part.text)?.text?.trim();
  return text ? text.split("\n")[0]?.slice(0, 120) : undefined;
}
