import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { useMay } from "@/api/may";
import { sessionQuery } from "@/api/session";
import type { TaskFilter } from "@/api/tasks";
import { boardQuery } from "@/api/tasks";
import type { Board, TaskState } from "@/api/types";
import { Button } from "@/components/button";
import { Kbd } from "@/components/kbd";
import { Mark, Page } from "@/components/page";
import { Segmented } from "@/components/segmented";
import { Empty } from "@/components/states";
import { BoardColumn } from "@/features/tasks/board-column";
import { BoardDrag } from "@/features/tasks/board-drag";
import { BoardFilters } from "@/features/tasks/board-filters";
import { BoardLanes } from "@/features/tasks/board-lanes";
import { BulkBar } from "@/features/tasks/bulk-bar";
import { useConfirmedMove } from "@/features/tasks/confirm-move";
import type { BoardSearch, Lanes } from "@/features/tasks/search";
import { boardFilter } from "@/features/tasks/search";
import { SelectionContext, useNewSelection } from "@/features/tasks/selection";
import { CreateTaskDialog } from "@/features/tasks/task-dialogs";
import { TaskList } from "@/features/tasks/task-list";
import { walkCards } from "@/features/tasks/walk-cards";
import { cx } from "@/lib/cx";
import { useListKeys } from "@/lib/list-keys";
import { usePhone } from "@/lib/media";
import { states } from "@/strings/common";
import { tasks as say } from "@/strings/tasks";

type Props = { search: BoardSearch; setSearch: (change: Partial<BoardSearch>) => void; /** Stands where no agent is connected yet. */ teach: (onDone: () => void) => React.ReactNode };

export function BoardPage({ search, setSearch, teach }: Props) {
  const { data: session } = useQuery(sessionQuery);
  const selection = useNewSelection();
  const filter = boardFilter(search, session?.member.id);
  const filtered = Object.keys(filter).length > 0;
  const { data: board } = useSuspenseQuery(boardQuery(filter));
  const list = search.view === "list" || search.view === "table";
  const empty = !filtered && board.columns.every((column) => column.count === 0);
  useListKeys();
  const allowed = useMay("work");
  const create = allowed && (
    <Button variant="primary" onClick={() => setSearch({ new: true })}>
      <Plus size={14} aria-hidden="true" /> {say.newTask}
      <span className="max-md:hidden">
        <Kbd>c</Kbd>
      </span>
    </Button>
  );
  return (
    <Page title={say.board} answer={<BoardAnswer board={board} />} actions={!empty && create} fill={!list && !empty} wide={search.view === "table"}>
      {empty ? (
        <EmptyBoard create={create} teach={teach} />
      ) : (
        <SelectionContext value={selection}>
          <BoardFilters search={search} setSearch={setSearch} />
          {list ? <TaskList filter={filter} table={search.view === "table"} /> : <Columns board={board} filter={filter} lanes={search.lanes} />}
          {allowed && <BulkBar />}
        </SelectionContext>
      )}
      <CreateTaskDialog open={search.new === true} onOpenChange={(open) => setSearch({ new: open || undefined })} />
    </Page>
  );
}

function BoardAnswer({ board }: { board: Board }) {
  const count = (state: TaskState) => board.columns.find((column) => column.state === state)?.count ?? 0;
  const open = count("backlog") + count("ready") + count("in_progress") + count("in_review");
  const parts = [
    count("in_progress") > 0 && <Mark key="w" tone="work">{say.inProgress(count("in_progress"))}</Mark>,
    count("in_review") > 0 && <Mark key="r" tone="review">{say.inReview(count("in_review"))}</Mark>,
    count("in_progress") + count("in_review") === 0 && count("ready") > 0 && <span key="a">{say.ready(count("ready"))}</span>,
  ].filter(Boolean);
  return (
    <>
      {say.open(open)}
      {parts.map((part, at) => (
        <span key={at}>
          {at === 0 ? ": " : ", "}
          {part}
        </span>
      ))}
      .
    </>
  );
}

function Columns({ board, filter, lanes }: { board: Board; filter: TaskFilter; lanes: Lanes | undefined }) {
  const phone = usePhone();
  const [only, setOnly] = useState<TaskState>(() => board.columns.find((column) => column.state === "in_progress" && column.count > 0)?.state ?? "ready");
  const { move, confirm } = useConfirmedMove();
  const shown = phone ? board.columns.filter((column) => column.state === only) : board.columns;
  return (
    <>
      {phone && (
        <div className="scroll-quiet -mx-4 mb-3 overflow-x-auto px-4">
          <Segmented
            label={say.views.label}
            value={only}
            onChange={setOnly}
            options={board.columns.map((column) => ({ value: column.state, label: states[column.state], count: column.count }))}
          />
        </div>
      )}
      <BoardDrag onDrop={move} offScreen={(state) => !shown.some((column) => column.state === state)}>
        {(carried) => lanes && !phone ? (
          <div className="contents" onKeyDown={carried ? undefined : walkCards}>
            <BoardLanes by={lanes} filter={filter} carried={carried} onMove={move} />
          </div>
        ) : (
          <div
            onKeyDown={carried ? undefined : walkCards}
            className={cx(
              "min-h-0 flex-1",
              phone ? "h-[calc(100dvh-260px)] min-h-[320px] [&>section]:h-full" : "scroll-quiet grid grid-cols-[repeat(5,minmax(184px,1fr))] gap-3 overflow-x-auto overflow-y-hidden",
            )}
          >
            {shown.map((column) => (
              <BoardColumn key={column.state} column={column} filter={filter} carried={carried} onMove={move} filtered={Object.keys(filter).length > 0} headless={phone} />
            ))}
          </div>
        )}
      </BoardDrag>
      {confirm}
    </>
  );
}

function EmptyBoard({ create, teach }: Pick<Props, "teach"> & { create: React.ReactNode }) {
  const { data: agents } = useQuery(agentNamesQuery);
  const none = agents?.items.length === 0;
  // Who connects an agent here wants to copy its key and see its first call, though by then there is an agent.
  const [teaching, setTeaching] = useState(true);
  const [began, setBegan] = useState(false);
  if (none && !began) setBegan(true);
  return (
    <div className="grid max-w-[860px] grid-cols-[minmax(0,1fr)] gap-5">
      <Empty title={say.empty} action={create} wide>
        {say.emptyHelp} {none && say.emptyNoAgents}
      </Empty>
      {began && teaching && teach(() => setTeaching(false))}
    </div>
  );
}
