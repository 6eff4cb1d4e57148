import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Ellipsis, Target } from "lucide-react";

import { sessionQuery } from "@/api/session";
import type { Task, TaskState } from "@/api/types";
import { Avatar } from "@/components/avatar";
import { Chip, Dot } from "@/components/chip";
import { Due, Money, Since } from "@/components/figures";
import { Menu, MenuItem, MenuLine } from "@/components/menu";
import { StatusLine } from "@/components/status/status-line";
import { toneOf } from "@/components/status/status-words";
import { takerOf } from "@/components/takers";
import { isClosed } from "@/features/tasks/is-closed";
import { PickBox } from "@/features/tasks/pick-box";
import { cx } from "@/lib/cx";
import { useCoarseNow } from "@/lib/ticker";
import { priorities, states } from "@/strings/common";
import { deliverables } from "@/strings/deliverables";
import { tasks as say } from "@/strings/tasks";

type LinkProps = { ref?: React.Ref<HTMLAnchorElement>; onKeyDown?: React.KeyboardEventHandler; "aria-describedby"?: string };

type Props = { task: Task; onMove?: (to: TaskState) => void; onOpen?: () => void; link?: LinkProps; lifted?: boolean };

/** One task as a card: what it is, who has it, how long it stands here, what it has cost. */
export function TaskCard({ task, onMove, onOpen, link, lifted = false }: Props) {
  const now = useCoarseNow();
  return (
    <article
      aria-label={`${task.ref} ${task.title}`}
      className={cx("card group/card grid grid-cols-[minmax(0,1fr)] gap-1 px-3 py-2.5 hover:border-line-strong", lifted && "cursor-grabbing border-accent shadow-float")}
    >
      <div className="flex h-5 items-center gap-1.5 text-s text-faint">
        {task.ref}
        <Urgency task={task} />
        <Since at={task.state_since} className="ml-auto" />
      </div>
      <Link
        to="/tasks/$taskId"
        params={{ taskId: task.id }}
        draggable={false}
        data-row-link
        dir="auto"
        className="line-clamp-3 -my-0.5 py-0.5 font-[560] break-words"
        {...link}
      >
        {task.title}
      </Link>
      {task.goal && (
        <span title={say.serves(task.goal.name)} className="flex min-w-0 items-center gap-1 text-s text-muted">
          <Target size={11} aria-hidden="true" className="shrink-0 text-faint" />
          <span className="truncate">{task.goal.name}</span>
        </span>
      )}
      <Snippet task={task} />
      <div className="flex h-6 items-center gap-1">
        <Worker task={task} />
        {onMove && <PickBox task={task} />}
        {onMove && <CardMenu task={task} onMove={onMove} onOpen={onOpen} />}
      </div>
      <Doing task={task} />
      <div className="mt-0.5 flex min-h-5 flex-wrap items-center gap-1.5">
        {task.due_at && task.state !== "done" && (
          <Chip tone={Date.parse(task.due_at) < now ? "wrong" : "plain"}>
            {say.due} <Due at={task.due_at} />
          </Chip>
        )}
        <WaitChip task={task} />
        {task.state === "in_review" && <ReviewChip task={task} />}
        {task.labels.slice(0, 3).map((label) => (
          <Chip key={label} title={label} className="max-w-[110px]">
            <span className="truncate">{label}</span>
          </Chip>
        ))}
        <span className="ml-auto flex items-center gap-2 text-s text-muted">
          {task.calls > 0 ? <Money nano={task.cost_nano} unpriced={task.unpriced_calls} /> : <span className="text-faint">–</span>}
          <Avatar name={task.accountable.name} />
        </span>
      </div>
    </article>
  );
}

/** What it has handed in last: the name of the draft, as a sign that there is something to read. */
function Snippet({ task }: { task: Task }) {
  const latest = task.latest_version;
  if (!latest || task.state === "done") return null;
  return (
    <p className="truncate border-l-2 border-line-strong pl-2 text-s text-muted">
      {latest.draft ? deliverables.draft(latest.version) : deliverables.version(latest.version)} · {latest.name}
    </p>
  );
}

/** Everything that can be done to a card, also without dragging. */
function CardMenu({ task, onMove, onOpen }: Pick<Props, "task" | "onOpen"> & { onMove: (to: TaskState) => void }) {
  return (
    <Menu
      label={task.allowed_moves.length > 0 ? say.moveTo : undefined}
      trigger={
        <button
          type="button"
          aria-label={say.cardMenu(task.ref)}
          className="-mr-1.5 grid size-6 pointer-coarse:size-10 pointer-coarse:-my-2 shrink-0 place-items-center rounded-s text-faint opacity-0 group-hover/card:opacity-100 hover:bg-sunken hover:text-ink focus-visible:opacity-100 data-[state=open]:opacity-100 pointer-coarse:opacity-100"
        >
          <Ellipsis size={14} aria-hidden="true" />
        </button>
      }
    >
      {task.allowed_moves.map((to) => (
        <MenuItem key={to} danger={to === "cancelled"} onSelect={() => onMove(to)}>
          {states[to]}
        </MenuItem>
      ))}
      {task.allowed_moves.length > 0 && <MenuLine />}
      <MenuItem onSelect={() => onOpen?.()}>{say.openTask}</MenuItem>
    </Menu>
  );
}

/** "waits for T-9 · 12 min": what stands before this task, and since when. */
export function WaitChip({ task }: { task: Task }) {
  const [first, ...others] = task.waits_for.filter((each) => !isClosed(each));
  if (!first || task.blocked_since === null) return null;
  return (
    <Chip tone="wait" wrap title={[first, ...others].map((each) => `${each.ref} ${each.title}`).join("\n")}>
      {say.waitsFor(first.ref, others.length)} · <Since at={task.blocked_since} />
      {task.status.idle_nano > 0 && (
        <>
          {" · "}
          <Money nano={task.status.idle_nano} /> {say.idle}
        </>
      )}
    </Chip>
  );
}

function ReviewChip({ task }: { task: Task }) {
  const { data: session } = useQuery(sessionQuery);
  return <Chip tone="review">{session?.member.id === task.accountable.id ? say.waitsForYou : say.waitsForReview(task.accountable.name)}</Chip>;
}

function Urgency({ task }: { task: Task }) {
  if (task.priority !== "urgent" && task.priority !== "high") return null;
  return <Chip tone={task.priority === "urgent" ? "wrong" : "wait"}>{priorities[task.priority]}</Chip>;
}

function Worker({ task }: { task: Task }) {
  const name = takerOf(task);
  return (
    <div className="flex min-w-0 flex-1 items-baseline gap-2 text-s">
      <Dot tone={task.state === "in_review" ? "review" : toneOf(task.status.state)} className="relative -top-px" />
      <span className={cx("truncate", !name && "text-faint")}>{name ?? say.nobody}</span>
    </div>
  );
}

/** What its run does by the wire, on the whole width of the card. */
function Doing({ task }: { task: Task }) {
  if (task.run) return <StatusLine status={task.status} dot={false} wrap className="pl-4 text-s leading-5" />;
  return task.hold ? <span className="pl-4 text-s leading-5 text-wait">{say.held}</span> : null;
}
