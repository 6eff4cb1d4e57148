import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { goalsQuery } from "@/api/goals";
import { projectsQuery } from "@/api/projects";
import { squadsQuery } from "@/api/squads";
import type { TaskFilter } from "@/api/tasks";
import { boardQuery } from "@/api/tasks";
import type { Named, Task, TaskState } from "@/api/types";
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
  const { lanes, error, refetch } = useLanes(by, filter);
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

/** The lanes, once it is known of what there may be one. */
function useLanes(by: Lanes, filter: TaskFilter): { lanes: Lane[] | undefined; error: unknown; refetch: () => void } {
  const agents = useQuery({ ...agentNamesQuery, enabled: by === "agent" });
  const projects = useQuery({ ...projectsQuery, enabled: by === "project" });
  const goals = useQuery({ ...goalsQuery, enabled: by === "goal" });
  const squads = useQuery({ ...squadsQuery, enabled: by === "agent" });
  const asked = { agent: agents.error ? agents : squads, project: projects, goal: goals }[by];
  const { field, none } = LANE[by];
  const all: Named[] | undefined = by === "agent" ? agents.data?.items.filter((agent) => agent.desired !== "retired") : (by === "goal" ? goals : projects).data?.items;
  const only = filter[field];
  const lane = ({ id, name }: Named): Lane => ({ id, name, filter: { ...filter, [field]: id } });
  const found = all?.filter((each) => !only || only === each.id).map(lane);
  if (by === "agent") return { lanes: found && squads.data && [...found, ...unclaimed(filter, squads.data)], error: asked.error, refetch: () => void asked.refetch() };
  const rest = only && only !== NOBODY ? [] : [lane({ id: NOBODY, name: none })];
  return { lanes: found && [...found, ...rest], error: asked.error, refetch: () => void asked.refetch() };
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
