import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { replaysQuery } from "@/api/replays";
import type { Replay } from "@/api/types";
import { buttonClass } from "@/components/button";
import type { Tone } from "@/components/chip";
import { Chip } from "@/components/chip";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Ago, Money } from "@/components/figures";
import { Page } from "@/components/page";
import { targetWords } from "@/components/replay/target";
import { Empty, ProblemNote, SkeletonRows } from "@/components/states";
import { formatCount } from "@/lib/format";
import { useListKeys } from "@/lib/list-keys";
import { replays as say } from "@/strings/replays";

const STATE_TONE: Record<Replay["state"], Tone> = { dry: "plain", running: "work", done: "done", stopped: "wait", cancelled: "wait" };
const heads = say.list.columns;

const COLUMNS: Column<Replay>[] = [
  {
    id: "asks",
    header: heads.asks,
    cell: (replay) => (
      <span className="grid justify-items-start gap-0.5">
        <Link to="/replays/$replayId" params={{ replayId: replay.id }} data-row-link className="wrap-anywhere hover:underline">
          {targetWords(replay.target)}
        </Link>
        <span className="flex flex-wrap items-center gap-x-2 text-s text-muted @min-[600px]:hidden">
          <ReplayOf replay={replay} /> <StateChip replay={replay} />
        </span>
      </span>
    ),
  },
  { id: "of", header: heads.of, from: "md", cell: (replay) => <ReplayOf replay={replay} /> },
  { id: "state", header: heads.state, from: "md", cell: (replay) => <StateChip replay={replay} /> },
  { id: "calls", header: heads.calls, cell: (replay) => formatCount(replay.totals.calls), align: "end", from: "md" },
  { id: "recorded", header: heads.recorded, cell: (replay) => <Money nano={replay.totals.was_cost_nano} unpriced={replay.totals.was_unpriced} />, align: "end", from: "md" },
  { id: "cost", header: heads.cost, cell: (replay) => <ReplayMoney replay={replay} />, align: "end" },
  { id: "when", header: heads.when, cell: (replay) => <Ago at={replay.created_at} className="text-muted" />, align: "end", from: "lg" },
];

function ReplayOf({ replay }: { replay: Replay }) {
  return <span className="whitespace-nowrap">{replay.task?.ref ?? (replay.source === "run" ? say.page.ofRun : say.page.ofCall)}</span>;
}

function StateChip({ replay }: { replay: Replay }) {
  return <Chip tone={STATE_TONE[replay.state]}>{say.page.states[replay.state]}</Chip>;
}

/** What was replayed, newest first. */
export function ReplaysPage() {
  const { data, error, refetch } = useQuery(replaysQuery({}));
  useListKeys();
  const rows = data?.items ?? [];
  return (
    <Page title={say.title} answer={!data ? say.title : rows.length === 0 ? say.list.none : say.list.sentence(rows.length, data.next !== null)}>
      {error && !data && <ProblemNote error={error} retry={() => void refetch()} />}
      {!error && !data && <SkeletonRows />}
      {data && rows.length === 0 && (
        <Empty
          title={say.list.first}
          action={
            <Link to="/calls" className={buttonClass("primary")}>
              {say.list.openRuns}
            </Link>
          }
        >
          {say.list.help}
        </Empty>
      )}
      {rows.length > 0 && <DataTable label={say.title} columns={COLUMNS} rows={rows} rowId={(replay) => replay.id} />}
    </Page>
  );
}

/** What it cost, or would. */
export function ReplayMoney({ replay }: { replay: Replay }) {
  const { totals } = replay;
  if (replay.state === "dry") return <Money nano={totals.estimate_nano} unpriced={totals.unpriced} estimated />;
  return <Money nano={totals.cost_nano} unpriced={totals.cost_unpriced} />;
}
