import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { MessagesSquare } from "lucide-react";

import { callQuery } from "@/api/calls";
import type { CallDetail } from "@/api/types";
import { buttonClass } from "@/components/button";
import { CallCost, OutcomeWord } from "@/components/call-words";
import { Ago } from "@/components/figures";
import { Mark, Page, Section } from "@/components/page";
import { ReplayButton } from "@/components/replay/replay-dialog";
import { Tabs } from "@/components/tabs";
import { CallFacts, Headers } from "@/features/calls/call-facts";
import { TimingBar } from "@/features/calls/call-timing";
import { CallUsage } from "@/features/calls/call-usage";
import { Conversation } from "@/features/calls/conversation";
import { endedHow } from "@/features/calls/ended";
import { RawBody } from "@/features/calls/raw-body";
import type { CallTab } from "@/features/calls/search";
import { formatCount, formatDuration } from "@/lib/format";
import { calls } from "@/strings/calls";
import { codeWords } from "@/strings/common";

const say = calls.one;

type Props = { callId: string; tab: CallTab; setTab: (tab: CallTab) => void };

export function CallPage({ callId, tab, setTab }: Props) {
  const { data: call } = useSuspenseQuery(callQuery(callId));
  return (
    <Page
      title={`${calls.title}: ${call.model ?? call.model_asked}`}
      above={
        <Link to="/calls" className="hover:underline">
          {calls.title}
        </Link>
      }
      answer={<CallSentence call={call} />}
      below={
        <span className="flex flex-wrap items-center gap-x-3">
          <OutcomeWord outcome={call.outcome} code={call.error_code} />
          <Ago at={call.started_at} />
          <span>{call.provider ?? "–"}</span>
          <span className="[overflow-wrap:anywhere]">{call.endpoint}</span>
        </span>
      }
      actions={
        <>
          {call.conversation_id && (
            <Link to="/calls" search={{ conversation: call.conversation_id }} className={buttonClass()}>
              <MessagesSquare size={13} aria-hidden="true" /> {say.openConversation}
            </Link>
          )}
          <ReplayButton of={{ call_id: call.id }} />
        </>
      }
    >
      {call.outcome !== "ok" && (
        <div className="card mb-5 border-l-[3px] border-l-wrong px-4 py-3">
          <p className="font-[560]">
            {endedHow(call)}. <span className="font-normal text-muted">{call.error_code && codeWords(call.error_code)}</span>
          </p>
          {call.error_message && <p className="break-words text-muted">{call.error_message}</p>}
        </div>
      )}
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6 lg:grid-cols-[minmax(0,1fr)_300px]">
        <div className="min-w-0">
          <Tabs
            label={say.title(call.id)}
            value={tab}
            onChange={(value) => setTab(value as CallTab)}
            tabs={[
              { value: "conversation", label: say.tabs.conversation, content: <Conversation callId={call.id} outcome={call.outcome} /> },
              { value: "request", label: say.tabs.request, content: <RawBody key="q" callId={call.id} side="request" endpoint={call.endpoint} /> },
              { value: "response", label: say.tabs.response, content: <RawBody key="s" callId={call.id} side="response" /> },
              { value: "headers", label: say.tabs.headers, content: <Headers call={call} /> },
            ]}
          />
        </div>
        <aside className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-5">
          <Section title={say.timing} aside={<span className="num">{formatDuration(call.duration_ms)}</span>}>
            <div className="card p-4">
              <TimingBar call={call} />
            </div>
          </Section>
          <Section title={say.usage}>
            <div className="card p-4">
              <CallUsage call={call} />
            </div>
          </Section>
          <CallFacts call={call} />
        </aside>
      </div>
    </Page>
  );
}

/** "research asked claude-haiku-4-5 for T-12: 1,240 tokens in, 310 out, $0.0041, 1.8 s." */
function CallSentence({ call }: { call: CallDetail }) {
  const took = formatDuration(call.duration_ms);
  return (
    <>
      {call.agent ? (
        <Link to="/agents/$agentId" params={{ agentId: call.agent.id }} className="hover:underline">
          {call.agent.name}
        </Link>
      ) : (
        say.somebody
      )}{" "}
      {say.asked} {call.model ?? call.model_asked}
      {call.task && (
        <>
          {" "}
          {say.forTask}{" "}
          <Link to="/tasks/$taskId" params={{ taskId: call.task.id }} title={call.task.title} className="border-b-2 border-line-strong whitespace-nowrap hover:border-ink">
            {call.task.ref}
          </Link>
        </>
      )}
      :{" "}
      {call.usage ? (
        <>
          {say.tokensIn(formatCount(call.usage.input_total))}, {say.tokensOut(formatCount(call.usage.output_total))}
        </>
      ) : (
        say.noUsage
      )}
      {call.cost_nano !== null || call.usage ? (
        <>
          , <CallCost call={call} />
        </>
      ) : null}
      , {took}.{call.outcome !== "ok" && <> <Mark tone="wrong">{endedHow(call)}</Mark>.</>}
    </>
  );
}
