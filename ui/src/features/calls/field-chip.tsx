import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import type { ReactNode } from "react";

import type { CallFilter } from "@/api/calls";
import { calledQuery } from "@/api/choices";
import { keysQuery } from "@/api/keys";
import { taskQuery } from "@/api/tasks";
import { FieldMenu } from "@/features/calls/field-menu";
import { isListed, shownValue } from "@/features/calls/field-values";
import type { FieldName } from "@/features/calls/fields";
import { callFields } from "@/strings/call-fields";
import { calls } from "@/strings/calls";

const SHORT = 6;
const CHIP = "inline-flex h-[30px] max-w-full items-center rounded-s border border-accent bg-surface text-s pointer-coarse:h-10";

/** What a filter's value is called: a name where one is known. */
function useValueName(name: FieldName, value: string): string {
  const task = useQuery({ ...taskQuery(value), enabled: name === "task" });
  const listed = useQuery({ ...calledQuery(isListed(name) ? name : "project", value), enabled: isListed(name) });
  const keys = useQuery({ ...keysQuery(null), enabled: name === "key" });
  if (name === "task") return task.data?.ref ?? value;
  if (name === "run" || name === "conversation") return `…${value.slice(-SHORT)}`;
  return listed.data ?? keys.data?.items.find((row) => row.id === value)?.name ?? shownValue(name, value);
}

type Props = { name: FieldName; value: string; others: (without: FieldName) => CallFilter; set: (field: FieldName, value: string) => void; drop: () => void };

/** A filter that holds: pressed it is changed, by its cross it is dropped. */
export function FieldChip({ name, value, others, set, drop }: Props) {
  const shown = useValueName(name, value);
  const label = callFields.names[name];
  return (
    <Chip label={`${label} ${shown}`} drop={drop}>
      <FieldMenu
        field={name}
        value={value}
        others={others}
        set={set}
        trigger={
          <button type="button" title={callFields.change(`${label} ${shown}`)} className="flex h-full min-w-0 items-center gap-1.5 rounded-s pl-2 hover:text-accent">
            <span className="shrink-0 text-muted">{label}</span>{" "}
            <span className="max-w-[220px] truncate font-[510]">{shown}</span>
          </button>
        }
      />
    </Chip>
  );
}

export function Chip({ label, drop, children }: { label: string; drop: () => void; children: ReactNode }) {
  return (
    <span className={CHIP}>
      {children}
      <button
        type="button"
        aria-label={calls.filters.drop(label)}
        onClick={drop}
        className="mx-0.5 grid size-6 shrink-0 place-items-center rounded-s text-faint pointer-coarse:size-10 hover:bg-sunken hover:text-ink"
      >
        <X size={13} />
      </button>
    </span>
  );
}
