import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";

import { openTasksQuery } from "@/api/tasks";
import type { Task } from "@/api/types";
import { TextField } from "@/components/field";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { cx } from "@/lib/cx";
import { useSettled } from "@/lib/use-settled";
import { states } from "@/strings/common";
import { unclaimed as say } from "@/strings/unclaimed";

type Props = { label: string; agentId: string | null; busy: boolean; error: string | undefined; onPick: (task: Task) => void };

/** Finds an open task by words or its number: arrows walk what is offered, Enter takes it. */
export function TaskPicker({ label, agentId, busy, error, onPick }: Props) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const { data, error: failed, refetch } = useQuery(openTasksQuery(useSettled(typed.trim(), 150), agentId));
  const tasks = data ?? [];
  const chosen = Math.min(at, tasks.length - 1);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const picked = tasks[chosen];
    if (by) setAt((chosen + by + tasks.length) % Math.max(1, tasks.length));
    else if (event.key === "Enter" && picked && !busy) onPick(picked);
    else return;
    event.preventDefault();
  };
  return (
    <div className="grid gap-2">
      <TextField
        label={label}
        role="combobox"
        aria-expanded={tasks.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={tasks[chosen] ? `${id}-${chosen}` : undefined}
        placeholder={say.find}
        autoComplete="off"
        value={typed}
        error={error}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      {failed && !data && <ProblemNote error={failed} retry={() => void refetch()} />}
      {!failed && !data && <SkeletonRows />}
      {data?.length === 0 && <p className="py-3 text-s text-muted">{typed.trim() ? say.nothingFound : say.nothingOpen}</p>}
      <ul ref={list} id={`${id}-list`} role="listbox" aria-label={label} aria-busy={busy || undefined} className={cx("grid", busy && "opacity-50")}>
        {tasks.map((task, index) => (
          <li
            key={task.id}
            role="option"
            id={`${id}-${index}`}
            aria-selected={index === chosen}
            onClick={() => !busy && onPick(task)}
            onMouseMove={() => setAt(index)}
            className={cx("flex min-h-9 pointer-coarse:min-h-11 cursor-default items-center gap-2 rounded-s px-2", index === chosen && "bg-sunken")}
          >
            <span className="num shrink-0 text-faint">{task.ref}</span>
            <span className="min-w-0 flex-1 truncate">{task.title}</span>
            <span className="shrink-0 text-s text-faint">{[task.agent?.name, states[task.state].toLowerCase()].filter(Boolean).join(" · ")}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
