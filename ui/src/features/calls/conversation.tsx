import { useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { useState } from "react";

import { renderedQuery } from "@/api/calls";
import type { Message, Rendered } from "@/api/types";
import { Button } from "@/components/button";
import { Facts } from "@/components/facts";
import { SkeletonRows } from "@/components/states";
import { BodyProblem } from "@/features/calls/body-problem";
import { ErrorPart, MessagePart } from "@/features/calls/message-parts";
import { cx } from "@/lib/cx";
import { calls } from "@/strings/calls";

const say = calls.talk;

/** What was said, as chat. What earlier calls had sent already is folded; what is new here is marked. */
export function Conversation({ callId, outcome }: { callId: string; outcome: string }) {
  const { data, error, refetch } = useQuery(renderedQuery(callId));
  if (error && !data) return <BodyProblem error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonRows rows={4} />;
  return <Talk rendered={data} answered={outcome === "ok"} />;
}

function Talk({ rendered, answered }: { rendered: Rendered; answered: boolean }) {
  const [all, setAll] = useState(false);
  const { messages, answer } = rendered;
  const firstNew = messages.findIndex((message) => message.new);
  const earlier = firstNew > 0 ? messages.slice(0, firstNew) : [];
  const rest = firstNew > 0 ? messages.slice(firstNew) : messages;
  return (
    <div className="grid min-w-0 gap-3">
      <Offered rendered={rendered} />
      {earlier.length > 0 && !all && (
        <button
          type="button"
          onClick={() => setAll(true)}
          className="flex h-9 items-center justify-center gap-2 rounded-m border border-dashed border-line-strong text-s text-muted hover:bg-sunken"
        >
          <ChevronDown size={14} aria-hidden="true" /> {say.earlier(earlier.length)}
        </button>
      )}
      <ol aria-label={say.label} className="grid min-w-0 gap-3">
        {all && earlier.map((message, at) => <ChatMessage key={`e${at}`} message={message} />)}
        {earlier.length > 0 && (
          <li aria-hidden="true" className="flex items-center gap-3 text-xs text-accent before:h-px before:flex-1 before:bg-accent/40 after:h-px after:flex-1 after:bg-accent/40">
            {say.newHere}
          </li>
        )}
        {rest.map((message, at) => (
          <ChatMessage key={`n${at}`} message={message} />
        ))}
        {(answer ?? []).map((message, at) => (
          <ChatMessage key={`a${at}`} message={message} isAnswer />
        ))}
        {!answer?.length && <li className="text-faint">{answered ? say.emptyAnswer : say.noAnswer}</li>}
      </ol>
    </div>
  );
}

function ChatMessage({ message, isAnswer = false }: { message: Message; isAnswer?: boolean }) {
  const quiet = message.role === "system" || message.role === "developer";
  const name = isAnswer && message.role !== "error" ? say.answer : (say.roles[message.role] ?? message.role);
  const [open, setOpen] = useState(!quiet || length(message) < 400);
  return (
    <li className={cx("card grid min-w-0 gap-2 px-4 py-3", isAnswer && "border-l-[3px]", isAnswer && (message.role === "error" ? "border-l-wrong" : "border-l-accent"), quiet && "bg-bg shadow-none")}>
      <p className="flex items-center gap-2 text-s">
        <span className={cx("font-[560]", message.role === "error" ? "text-wrong" : isAnswer ? "text-accent" : "text-muted")}>{name}</span>
        {!open && (
          <Button size="s" variant="quiet" onClick={() => setOpen(true)}>
            {say.showAll}
          </Button>
        )}
      </p>
      {open ? (
        message.parts.map((part, at) =>
          message.role === "error" ? <ErrorPart key={at} part={part} /> : <MessagePart key={at} part={part} plain={quiet || message.role === "tool"} />,
        )
      ) : (
        <p className="line-clamp-2 break-words text-muted">{message.parts.map((part) => part.text ?? "").join(" ")}</p>
      )}
    </li>
  );
}

const length = (message: Message): number => message.parts.reduce((sum, part) => sum + (part.text?.length ?? 0), 0);

/** The tools the model was offered and the parameters it was asked with. */
function Offered({ rendered }: { rendered: Rendered }) {
  const params = Object.entries(rendered.params);
  if (rendered.tools.length === 0 && params.length === 0) return null;
  return (
    <div className="flex flex-wrap gap-2">
      {rendered.tools.length > 0 && (
        <details className="min-w-0 rounded-s border border-line bg-surface text-s open:w-full">
          <summary className="min-h-7 cursor-default px-2.5 py-1 pointer-coarse:min-h-10 pointer-coarse:py-2.5 text-muted">{say.tools(rendered.tools.length)}</summary>
          <div className="border-t border-line px-3 py-2">
            <Facts facts={rendered.tools.map((tool) => ({ label: tool.name, value: tool.description ?? "" }))} />
          </div>
        </details>
      )}
      {params.length > 0 && (
        <details className="min-w-0 rounded-s border border-line bg-surface text-s open:w-full">
          <summary className="min-h-7 cursor-default px-2.5 py-1 pointer-coarse:min-h-10 pointer-coarse:py-2.5 text-muted">{say.params}</summary>
          <div className="border-t border-line px-3 py-2">
            <Facts
              facts={params.map(([name, value]) => ({
                label: name,
                value: <code className="text-[12px] break-all">{typeof value === "string" ? value : JSON.stringify(value)}</code>,
              }))}
            />
          </div>
        </details>
      )}
    </div>
  );
}
