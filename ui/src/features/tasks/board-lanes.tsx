import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { calledQuery } from "@/api/choices";
import { goalsQuery } from "@/api/goals";
import { projectsQuery } from "@/api/projects";
import { squadsQuery } from "@/api/squads";
import type { TaskFilter } from "@/api/tasks";
import { boardQuery } from "@/api/tasks";
import type { Named, Task, TaskState } from "@/api/types";
import { MoreRows } from "@/components/more-rows";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { BoardColumn } from "@/features/tasks/board-column";
import type { Lanes } from "@/features/tasks/search";
import { cx } from "@/lib/cx";
import { formatCount } from "@/lib/format";
import { states } from "@/strings/common";
import { tasks as say } from "@/strings/tasks";

type Lane = { id: string; name: string; filter: TaskFilter };
type Props = { by: Lanes; filter: TaskFilter; carried: Task | null; onMove: (task: Task, to: TaskState) => void };

const NOBODY = "none";
const GRID = "grid grid-cols-[repeat(5,minmax(184px,1fr))] gap-3";

/** The board in lanes, one for each agent, project or goal: a board of its own each, loaded as it comes into view. */
export function BoardLanes({ by, filter, carried, onMove }: Props) {
  const { lanes, error, refetch, more } = useLanes(by, filter);
  if (error && !lanes) return <ProblemNote error={error} retry={refetch} />;
  if (!lanes) return <SkeletonRows />;
  return (
    <div className="scroll-quiet min-h-0 flex-1 overflow-auto pb-8">
      <div aria-hidden="true" className={cx(GRID, "sticky top-0 z-10 bg-bg pb-2 text-s font-[560] text-muted")}>
        {(["backlog", "ready", "in_progress", "in_review", "done"] as const).map((state) => (
          <span key={state} className="px-1">
            {states[state]}
          </span>
        ))}
      </div>
      <div className="grid gap-3">
        {lanes.map((lane) => (
          <LaneRow key={lane.id} lane={lane} carried={carried} onMove={onMove} />
        ))}
        {more && <MoreRows query={more} shown={lanes.length} />}
      </div>
    </div>
  );
}

/** What a lane is of: the field of the filter, and the name of the lane for what has none. */
const LANE = {
  agent: { field: "agent_id", none: say.nobody },
  project: { field: "project_id", none: say.noProject },
  goal: { field: "goal_id", none: say.noGoal },
} as const satisfies Record<Lanes, { field: keyof TaskFilter; none: string }>;

/** Lanes of what no agent has: one for each squad of which any agent may claim it, and one for what is nobody's. Pure. */
export function unclaimed(filter: TaskFilter, squads: Named[]): Lane[] {
  const { agent_id: agent = NOBODY, squad_id: only } = filter;
  if (agent !== NOBODY) return [];
  const all = [...squads.map(({ id, name }) => ({ id, name: say.page.anyOf(name) })), { id: NOBODY, name: say.nobody }];
  return all.filter(({ id }) => !only || only === id).map(({ id, name }) => ({ id, name, filter: { ...filter, agent_id: NOBODY, squad_id: id } }));
}

type MoreQuery = React.ComponentProps<typeof MoreRows>["query"];
type Found = { lanes: Lane[] | undefined; error: unknown; refetch: () => void; /** Where they come a page at a time. */ more?: MoreQuery };

/** The lanes, once it is known of what there may be one. */
function useLanes(by: Lanes, filter: TaskFilter): Found {
  const agents = useAgentLanes(filter, by === "agent");
  const named = useNamedLanes(by === "agent" ? "project" : by, filter, by !== "agent");
  return by === "agent" ? agents : named;
}

function useAgentLanes(filter: TaskFilter, enabled: boolean): Found {
  const agents = useQuery({ ...agentNamesQuery, enabled });
  const squads = useQuery({ ...squadsQuery, enabled });
  const asked = agents.error ? agents : squads;
  const { agent_id: only } = filter;
  const found = agents.data?.items.filter((agent) => agent.desired !== "retired" && (!only || only === agent.id));
  const lanes = found && squads.data && [...found.map(({ id, name }) => ({ id, name, filter: { ...filter, agent_id: id } })), ...unclaimed(filter, squads.data)];
  return { lanes, error: asked.error, refetch: () => void asked.refetch() };
}

/** Of projects or goals there may be hundreds: they come as the reader nears their end, and after the last of them the lane of what has none. */
function useNamedLanes(by: "goal" | "project", filter: TaskFilter, enabled: boolean): Found {
  const { field, none } = LANE[by];
  const only = filter[field];
  const one = only && only !== NOBODY ? only : undefined;
  const projects = useInfiniteQuery({ ...projectsQuery, enabled: enabled && by === "project" && !only });
  const goals = useInfiniteQuery({ ...goalsQuery, enabled: enabled && by === "goal" && !only });
  const called = useQuery({ ...calledQuery(by, one ?? ""), enabled: enabled && one !== undefined });
  const list = by === "goal" ? goals : projects;
  const pages: { items: Named[] }[] | undefined = list.data?.pages;
  const lane = ({ id, name }: Named): Lane => ({ id, name, filter: { ...filter, [field]: id } });
  const rest = lane({ id: NOBODY, name: none });
  if (only === NOBODY) return { lanes: [rest], error: null, refetch: () => undefined };
  if (one) return { lanes: called.data === undefined ? undefined : [lane({ id: one, name: called.data ?? one })], error: called.error, refetch: () => void called.refetch() };
  const found = pages?.flatMap((page) => page.items).map(lane);
  return { lanes: found && (list.hasNextPage ? found : [...found, rest]), error: list.error, refetch: () => void list.refetch(), more: list };
}

function LaneRow({ lane, carried, onMove }: { lane: Lane } & Pick<Props, "carried" | "onMove">) {
  const row = useRef<HTMLElement>(null);
  const [seen, setSeen] = useState(false);
  const [shut, setShut] = useState(false);
  useEffect(() => {
    const element = row.current;
    if (!element) return;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true), { rootMargin: "400px" });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { data: board, error, refetch } = useQuery({ ...boardQuery(lane.filter), enabled: seen });
  const count = board?.columns.reduce((sum, column) => sum + column.count, 0);
  return (
    <section ref={row} aria-label={lane.name} className="min-h-10">
      <button type="button" aria-expanded={!shut} onClick={() => setShut(!shut)} className="mb-1 flex h-7 items-center gap-1.5 pointer-coarse:h-10 rounded-s px-1 hover:bg-sunken">
        <ChevronRight size={14} aria-hidden="true" className={cx("transition-transform duration-100", !shut && "rotate-90")} />
        <b>{lane.name}</b>
        {count !== undefined && <span className="num text-s text-faint">{formatCount(count)}</span>}
      </button>
      {error && !board && <ProblemNote error={error} retry={() => void refetch()} />}
      {board && !shut && count !== 0 && (
        <div className={cx(GRID, "[&>section]:max-h-[420px]")}>
          {board.columns.map((column) => (
            <BoardColumn key={column.state} column={column} filter={lane.filter} carried={carried} onMove={onMove} filtered headless lane={lane.id} />
          ))}
        </div>
      )}
    </section>
  );
}
