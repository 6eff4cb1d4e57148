import { Link } from "@tanstack/react-router";

import type { CallDetail } from "@/api/types";
import { Chip, Dot } from "@/components/chip";
import type { Fact } from "@/components/facts";
import { Facts } from "@/components/facts";
import { Section } from "@/components/page";
import { formatBytes, formatDuration, formatInstant } from "@/lib/format";
import { agents } from "@/strings/agents";
import { calls } from "@/strings/calls";
import { codeWords } from "@/strings/common";

const say = calls.one;

export function CallFacts({ call }: { call: CallDetail }) {
  return (
    <>
      <Section title={say.attempts}>
        <ol className="card divide-y divide-line text-s">
          {call.attempts.map((attempt, at) => (
            <li key={at} className="flex items-baseline gap-2 px-4 py-2">
              <Dot tone={attempt.error ? "wrong" : "done"} />
              <span className="min-w-0 flex-1 break-words">
                {attempt.provider} <span className="text-muted">{attempt.model}</span>
                {attempt.error && <span className="text-wrong" title={attempt.error}> {codeWords(attempt.error)}</span>}
              </span>
              <span className="num text-muted">{attempt.status ?? "–"}</span>
              <span className="num text-muted">{formatDuration(attempt.ended_ms - attempt.began_ms)}</span>
            </li>
          ))}
          {call.attempts.length === 0 && <li className="px-4 py-2 text-muted">{say.notSent}</li>}
        </ol>
      </Section>
      <Section title={say.facts}>
        <div className="card grid gap-3 p-4">
          <p className="text-s">
            <span className="text-muted">{say.attribution}</span> {say.attributions[call.attribution] ?? call.attribution}.
          </p>
          <Facts facts={facts(call)} />
        </div>
      </Section>
    </>
  );
}

const mono = (text: string) => <code className="text-[11.5px] break-all">{text}</code>;

function facts(call: CallDetail): Fact[] {
  const { keys } = say;
  const rows: (Fact | false)[] = [
    { label: keys.started, value: formatInstant(call.started_at) },
    { label: keys.asked, value: call.model_asked },
    call.model !== null && call.model !== call.model_asked && { label: keys.sent, value: call.model },
    call.model_answered !== null && call.model_answered !== call.model && { label: keys.answered, value: call.model_answered },
    { label: keys.status, value: call.status },
    { label: keys.stream, value: call.stream ? say.yes : say.no },
    { label: keys.dialect, value: say.dialects[call.dialect] ?? call.dialect },
    call.run_id !== null && {
      label: keys.run,
      value: call.run_id.startsWith("rep_") ? (
        <Link to="/replays/$replayId" params={{ replayId: call.run_id }} className="hover:underline">
          {say.openReplay}
        </Link>
      ) : (
        <Link to="/runs/$runId" params={{ runId: call.run_id }} className="hover:underline">
          {say.openRun}
        </Link>
      ),
    },
    call.client !== null && { label: keys.client, value: call.client },
    call.session !== null && { label: keys.session, value: mono(call.session) },
    call.trace_id !== null && { label: keys.trace, value: mono(call.trace_id) },
    { label: keys.bodies, value: agents.page.bodyModes[call.body_mode as keyof typeof agents.page.bodyModes] },
    { label: keys.sizes, value: `${formatBytes(call.request_size)} → ${formatBytes(call.response_size)}` },
    Object.keys(call.tags).length > 0 && {
      label: keys.tags,
      value: (
        <span className="flex flex-wrap gap-1">
          {Object.entries(call.tags).map(([name, value]) => (
            <Chip key={name}>
              {name}: {value}
            </Chip>
          ))}
        </span>
      ),
    },
    { label: keys.id, value: mono(call.id) },
  ];
  return rows.filter((row): row is Fact => row !== false);
}

export function Headers({ call }: { call: CallDetail }) {
  return (
    <div className="grid gap-5">
      <HeaderTable title={say.requestHeaders} headers={call.request_headers} />
      <HeaderTable title={say.responseHeaders} headers={call.response_headers} />
    </div>
  );
}

function HeaderTable({ title, headers }: { title: string; headers: [string, string][] }) {
  return (
    <Section title={title}>
      <div className="card p-4">
        {headers.length === 0 ? <p className="text-faint">–</p> : <Facts facts={headers.map(([name, value], at) => ({ label: name, value: mono(value), key: `${at}` }))} />}
      </div>
    </Section>
  );
}
