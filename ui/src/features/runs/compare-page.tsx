import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { comparedQuery } from "@/api/evidence";
import { runQuery } from "@/api/runs";
import type { ComparedRuns, Run, RunStep } from "@/api/types";
import { OutcomeWord } from "@/components/call-words";
import { Chip } from "@/components/chip";
import { Money } from "@/components/figures";
import { Page, Section, Strip } from "@/components/page";
import { cx } from "@/lib/cx";
import { formatDuration, formatMoney } from "@/lib/format";
import { compare as say, run as words } from "@/strings/runs";

type Pair = ComparedRuns["pairs"][number];
const TONE = { same: "work", different: "wait", only_first: "plain", only_second: "plain" } as const;

/** Two runs side by side: where they did the same, and where they parted. */
export function ComparePage({ runId, otherId }: { runId: string; otherId: string }) {
  const { data: first } = useSuspenseQuery(runQuery(runId));
  const { data: second } = useSuspenseQuery(runQuery(otherId));
  const { data: found } = useSuspenseQuery(comparedQuery(runId, otherId));
  const count = (pairing: Pair["pairing"]) => found.pairs.filter((pair) => pair.pairing === pairing).length;
  const parted = found.pairs.findIndex((pair) => pair.pairing !== "same");
  return (
    <Page
      title={say.title(first.attempt, second.attempt)}
      above={
        <>
          <Link to="/tasks/$taskId" params={{ taskId: first.task.id }} className="hover:underline">
            {first.task.ref}
          </Link>{" "}
          / {say.title(first.attempt, second.attempt)}
        </>
      }
      answer={parted < 0 ? say.allSame(found.same) : say.answer(found.same, parted + 1)}
      below={
        <span className="flex flex-wrap gap-x-3">
          <RunLink run={first} /> <RunLink run={second} />
        </span>
      }
      wide
    >
      <Strip
        figures={[
          { label: say.same, value: String(found.same), note: count("different") > 0 && say.different(count("different")) },
          { label: say.only, value: `${count("only_first")} / ${count("only_second")}` },
          { label: words.cost, value: <Money nano={found.first_cost_nano} />, note: say.beside(formatMoney(found.second_cost_nano)) },
          { label: words.inModels, value: formatDuration(found.first_ms), note: say.beside(formatDuration(found.second_ms)) },
        ]}
      />
      <Section title={words.steps}>
        {found.pairs.length === 0 ? (
          <p className="card px-4 py-3 text-faint">{say.nothing}</p>
        ) : (
          <ol className="card divide-y divide-line overflow-hidden">
            {found.pairs.map((pair, index) => (
              <li
                key={`${pair.first?.call_id ?? ""}-${pair.second?.call_id ?? ""}`}
                className={cx("grid items-start gap-x-4 gap-y-1 px-4 py-2 md:grid-cols-[28px_minmax(0,1fr)_110px_minmax(0,1fr)]", index === parted && "border-t-2 border-t-wait")}
              >
                <span className="num text-faint max-md:hidden">{index + 1}</span>
                <Side step={pair.first} run={first} />
                <span className="max-md:order-first">
                  <Chip tone={TONE[pair.pairing]}>{say.pairings[pair.pairing]}</Chip>
                </span>
                <Side step={pair.second} run={second} />
              </li>
            ))}
          </ol>
        )}
      </Section>
    </Page>
  );
}

function RunLink({ run }: { run: Run }) {
  return (
    <Link to="/runs/$runId" params={{ runId: run.id }} className="hover:underline">
      {words.answer(run.attempt, run.agent.name)} ({run.task.ref})
    </Link>
  );
}

function Side({ step, run }: { step: RunStep | null; run: Run }) {
  if (!step) return <span className="text-faint max-md:hidden">–</span>;
  return (
    <span className="min-w-0">
      <span className="flex flex-wrap items-baseline gap-x-2">
        <span className="text-s text-faint md:sr-only">{words.title(run.attempt)}</span>
        <Link to="/calls/$callId" params={{ callId: step.call_id }} className="truncate hover:underline">
          {step.model ?? "–"}
        </Link>
        {step.outcome !== "ok" && <OutcomeWord outcome={step.outcome} />}
        <Money nano={step.cost_nano} className="text-s" />
        <span className="num text-s text-muted">{step.duration_ms === 0 ? say.instant : formatDuration(step.duration_ms)}</span>
      </span>
      {(step.tools.length > 0 || step.results > 0) && (
        <span className="block text-s break-words text-muted">{[step.results > 0 && say.results(step.results), step.tools.length > 0 && say.asks(step.tools.join(", "))].filter(Boolean).join(" · ")}</span>
      )}
    </span>
  );
}
