import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight, ChevronRight } from "lucide-react";
import { useState } from "react";

import { replayStepQuery } from "@/api/replays";
import type { ReplayStep, ReplayStepDetail } from "@/api/types";
import { OutcomeWord } from "@/components/call-words";
import type { Tone } from "@/components/chip";
import { Chip } from "@/components/chip";
import { Money } from "@/components/figures";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { diffRows, textRows } from "@/components/version/diff-rows";
import { Lines } from "@/components/version/lines";
import { cx } from "@/lib/cx";
import { formatDuration, formatShare } from "@/lib/format";
import { replays } from "@/strings/replays";

const say = replays.step;
const ROW = "grid grid-cols-[20px_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-0.5 px-4 py-2 text-left md:grid-cols-[20px_minmax(0,1fr)_180px_150px_150px]";

const STATE_TONE: Partial<Record<ReplayStep["state"], Tone>> = { left_out: "wait", unknown: "wrong", sending: "work", unsure: "wait" };

/** Every call of a replay, each to be opened for both of its answers. */
export function ReplaySteps({ replayId, steps }: { replayId: string; steps: ReplayStep[] }) {
  return (
    <ol className="card divide-y divide-line overflow-hidden">
      {steps.map((step) => (
        <Step key={step.number} replayId={replayId} step={step} />
      ))}
    </ol>
  );
}

function Step({ replayId, step }: { replayId: string; step: ReplayStep }) {
  const [open, setOpen] = useState(false);
  const now = [step.provider ?? step.plan?.provider, step.model ?? step.plan?.model].filter(Boolean).join("/");
  return (
    <li>
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className={cx(ROW, "w-full hover:bg-sunken/60")}>
        <span className="num flex items-center gap-1 text-faint">
          <span className="sr-only">{say.open(step.number)}. </span>
          <ChevronRight size={12} aria-hidden="true" className={cx("shrink-0 transition-transform duration-100", open && "rotate-90")} />
        </span>
        <span className="flex min-w-0 flex-wrap items-baseline gap-x-2">
          <span className="num text-faint">{step.number}</span>
          <span className="truncate text-muted">{step.was_model ?? "–"}</span>
          {now && (
            <>
              <ArrowRight size={11} aria-hidden="true" className="self-center text-faint" />
              <span className="truncate">{now}</span>
            </>
          )}
          {step.was_outcome !== "ok" && <OutcomeWord outcome={step.was_outcome} />}
        </span>
        <span className="min-w-0 max-w-full justify-self-end md:justify-self-start">
          <AnswerChip step={step} />
        </span>
        <span className="num flex items-baseline justify-end gap-1.5 text-s max-md:col-start-2 max-md:justify-start">
          <Was nano={step.was.cost_nano} input={step.was.input_tokens} /> <ArrowRight size={10} aria-hidden="true" className="self-center text-faint" /> <Cost step={step} />
        </span>
        <span className="num text-right text-s text-muted max-md:hidden">
          {formatMs(step.was.duration_ms)} → {formatMs(step.found.duration_ms)}
        </span>
      </button>
      {step.reason && <p className="px-4 pb-2 pl-12 text-s text-wait">{step.reason}</p>}
      {open && <StepDetail replayId={replayId} step={step} />}
    </li>
  );
}

const formatMs = (ms: number | null): string => (ms === null ? "–" : formatDuration(ms));

function Was({ nano, input }: { nano: number | null; input: number | null }) {
  if (nano === null && input === null) return <span className="text-faint">–</span>;
  return <Money nano={nano} className="text-muted" />;
}

function Cost({ step }: { step: ReplayStep }) {
  if (step.state === "done") return <Was nano={step.found.cost_nano} input={step.found.input_tokens} />;
  if (!step.plan || step.state === "not_sent" || step.state === "unknown") return <span className="text-faint">–</span>;
  if (step.plan.unpriced) return <Money nano={null} />;
  return step.plan.estimate_nano === null ? <span className="text-faint">–</span> : <Money nano={step.plan.estimate_nano} estimated />;
}

function AnswerChip({ step }: { step: ReplayStep }) {
  if (step.state !== "done") return <Chip tone={STATE_TONE[step.state] ?? "plain"}>{say.states[step.state]}</Chip>;
  const { compared } = step;
  if (!compared) return <OutcomeWord outcome={step.outcome ?? "error"} />;
  if (compared.same) return <Chip tone="work">{say.same}</Chip>;
  const tool = compared.tools.find((each) => each.pairing !== "same");
  if (tool) return <Chip tone="wait" title={`${tool.name}: ${say.tools[tool.pairing]}`}>{`${tool.name}: ${say.tools[tool.pairing]}`}</Chip>;
  return <Chip tone="wait">{say.alike(formatShare(compared.likeness))}</Chip>;
}

function StepDetail({ replayId, step }: { replayId: string; step: ReplayStep }) {
  const { data, error, refetch } = useQuery(replayStepQuery(replayId, step.number));
  return (
    <div className="grid gap-4 border-t border-line bg-bg px-4 py-4 md:pl-12">
      {step.plan && step.plan.changes.length > 0 && <Changes changes={step.plan.changes} />}
      {step.plan && step.plan.decisions.length > 0 && (
        <div>
          <h3 className="mb-1 text-s font-[560] text-muted">{say.why}</h3>
          <ul className="grid gap-0.5 text-s">
            {step.plan.decisions.map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </div>
      )}
      {error && <ProblemNote error={error} retry={() => void refetch()} />}
      {!data && !error && <SkeletonRows rows={2} />}
      {data && <Answers step={data} />}
      <p className="flex flex-wrap gap-x-4 text-s">
        <Link to="/calls/$callId" params={{ callId: step.call_id }} className="text-accent hover:underline">
          {say.recordedCall}
        </Link>
        {step.new_call_id && (
          <Link to="/calls/$callId" params={{ callId: step.new_call_id }} className="text-accent hover:underline">
            {say.newCall}
          </Link>
        )}
        {step.plan?.translated && <span className="text-muted">{say.translated(step.plan.translated)}</span>}
      </p>
    </div>
  );
}

function Changes({ changes }: { changes: NonNullable<ReplayStep["plan"]>["changes"] }) {
  return (
    <div>
      <h3 className="mb-1 text-s font-[560] text-muted">{say.changes}</h3>
      <dl className="grid gap-1 text-s">
        {changes.map((change) => (
          <div key={change.field} className="grid gap-x-3 md:grid-cols-[110px_minmax(0,1fr)]">
            <dt className="font-mono text-muted">{change.field}</dt>
            <dd className="min-w-0 break-words whitespace-pre-wrap">
              {change.before !== null && <del className="text-muted">{change.before}</del>} {change.after !== null && <ins className="no-underline">{change.after}</ins>}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** Both answers: the tools they ask for, what ended them, and their words as a comparison. */
function Answers({ step }: { step: ReplayStepDetail }) {
  const { compared, before, now, hunks } = step;
  const only = now ?? before;
  return (
    <>
      {compared && (
        <p className="text-s">
          <span className="text-muted">{say.stops}</span> {compared.stop_before ?? "–"} → {compared.stop_now ?? "–"}
        </p>
      )}
      {compared && compared.tools.length > 0 && (
        <div>
          <h3 className="mb-1 text-s font-[560] text-muted">{say.toolCalls}</h3>
          <ul className="grid gap-2">
            {compared.tools.map((tool, index) => (
              <li key={index} className="card px-3 py-2 text-s">
                <span className="font-[560]">{tool.name}</span> <Chip tone={tool.pairing === "same" ? "work" : "wait"}>{say.tools[tool.pairing]}</Chip>
                {tool.before !== null && <Arguments label={say.before} text={tool.before} />}
                {tool.now !== null && tool.pairing !== "same" && <Arguments label={say.now} text={tool.now} />}
              </li>
            ))}
          </ul>
        </div>
      )}
      {only && (
        <div>
          <h3 className="mb-1 text-s font-[560] text-muted">{say.words}</h3>
          <Words before={before} now={now} hunks={hunks} />
        </div>
      )}
    </>
  );
}

function Arguments({ label, text }: { label: string; text: string }) {
  return (
    <p className="mt-1 font-mono text-[12px] break-words">
      <span className="font-sans text-faint">{label}</span> {text}
    </p>
  );
}

function Words({ before, now, hunks }: Pick<ReplayStepDetail, "before" | "now" | "hunks">) {
  const only = now ?? before;
  if (before && now && !before.text && !now.text) return <p className="text-s text-faint">{say.noWords}</p>;
  if (hunks && hunks.length > 0) {
    return (
      <div className="card overflow-x-auto">
        <Lines rows={diffRows(hunks)} label={say.words} />
      </div>
    );
  }
  return (
    <>
      <p className="mb-1 text-s text-faint">{hunks ? say.equal : before && now ? say.long : now ? say.now : say.before}</p>
      {only?.text && (
        <div className="card overflow-x-auto">
          <Lines rows={textRows(only.text)} label={say.words} />
        </div>
      )}
    </>
  );
}
