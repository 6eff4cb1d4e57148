import { ChevronLeft } from "lucide-react";
import { Popover } from "radix-ui";
import type { ReactNode } from "react";
import { useState } from "react";

import type { CallFilter } from "@/api/calls";
import { asProblem } from "@/api/problem";
import { Button, IconButton } from "@/components/button";
import { PickFrom } from "@/components/choose/pick-from";
import { PickList } from "@/components/pick-list";
import { isListed, useFieldValues } from "@/features/calls/field-values";
import type { Bounds, FieldName, Unit } from "@/features/calls/fields";
import { fieldValue, GROUPS, parseRange, specOf, writeRange } from "@/features/calls/fields";
import { formatInstant } from "@/lib/format";
import { callFields as say } from "@/strings/call-fields";
import { words } from "@/strings/common";

type Props = {
  trigger: ReactNode;
  /** The field to change; without one it is chosen first. */
  field?: FieldName;
  value?: string | undefined;
  /** What else is asked for: values are offered of calls that fit it. */
  others: (without: FieldName) => CallFilter;
  set: (field: FieldName, value: string) => void;
  offered?: (field: FieldName) => boolean;
};

/** Choosing a field and its value, beside what opened it; on a phone as wide as the window. */
export function FieldMenu({ trigger, field, value, others, set, offered = () => true }: Props) {
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState<FieldName>();
  const current = field ?? chosen;
  const show = (next: boolean) => {
    setOpen(next);
    setChosen(undefined);
  };
  return (
    <Popover.Root open={open} onOpenChange={show}>
      <Popover.Trigger asChild>{trigger}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={4}
          collisionPadding={8}
          aria-label={current ? say.names[current] : say.addLabel}
          className="z-50 w-[300px] max-w-[calc(100vw-16px)] max-h-(--radix-popover-content-available-height) animate-appear overflow-y-auto rounded-m border border-line bg-surface text-ink shadow-float"
        >
          {current ? (
            <>
              <div className="flex items-center gap-1 border-b border-line px-2 py-1.5 text-s font-[560]">
                {!field && (
                  <IconButton label={say.back} onClick={() => setChosen(undefined)} className="-ml-1">
                    <ChevronLeft size={14} />
                  </IconButton>
                )}
                <span className="px-1">{say.names[current]}</span>
              </div>
              <Editor
                key={current}
                name={current}
                value={value}
                filter={others(current)}
                done={(next) => {
                  show(false);
                  set(current, next);
                }}
              />
            </>
          ) : (
            <PickList
              label={say.find}
              placeholder={say.find}
              empty={say.noField}
              items={GROUPS.flatMap((group) => group.fields.filter(offered).map((id) => ({ id, label: say.names[id], group: say.groups[group.id] })))}
              pick={(id) => setChosen(id as FieldName)}
            />
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

type EditorProps = { name: FieldName; value: string | undefined; filter: CallFilter; done: (value: string) => void };

function Editor({ name, value, filter, done }: EditorProps) {
  const spec = specOf(name);
  if (spec.kind === "range") return <RangeEditor unit={spec.unit} value={value} done={done} />;
  if (spec.kind === "part") return <PartEditor value={value} done={done} />;
  if (isListed(name)) return <PickFrom of={name} label={say.values(say.names[name])} chosen={value} pick={done} />;
  return <ValueEditor name={name} value={value} filter={filter} done={done} />;
}

function ValueEditor({ name, value, filter, done }: EditorProps) {
  const { items, lookedBackTo, pending, error } = useFieldValues(name, filter);
  const free = specOf(name).kind === "value";
  return (
    <PickList
      label={say.values(say.names[name])}
      placeholder={say.type}
      items={items}
      chosen={value}
      pick={(next) => {
        const fit = fieldValue(name, next);
        if (fit !== undefined) done(fit);
      }}
      free={free ? say.use : undefined}
      empty={pending ? words.loading : error ? `${words.couldNotLoad} ${asProblem(error).message}` : say.noValue}
      note={error ? `${words.couldNotLoad} ${asProblem(error).message}` : lookedBackTo ? say.lookedBack(formatInstant(lookedBackTo)) : undefined}
    />
  );
}

function PartEditor({ value, done }: { value: string | undefined; done: (value: string) => void }) {
  return (
    <form
      className="flex gap-2 p-3"
      onSubmit={(event) => {
        event.preventDefault();
        const typed = new FormData(event.currentTarget).get("part");
        if (typeof typed === "string" && typed.trim()) done(typed.trim());
      }}
    >
      <input name="part" aria-label={say.typePart} placeholder={say.typePart} defaultValue={value} required autoFocus maxLength={500} className={INPUT} />
      <Button type="submit" variant="primary">
        {say.apply}
      </Button>
    </form>
  );
}

const INPUT = "h-[30px] w-full min-w-0 rounded-s border border-line-strong bg-surface px-2 text-s max-md:h-10 max-md:text-[16px]";

function RangeEditor({ unit, value, done }: { unit: Unit; value: string | undefined; done: (value: string) => void }) {
  const [bounds, setBounds] = useState<Bounds>(() => parseRange(value ?? "") ?? {});
  const written = writeRange(bounds);
  const fit = parseRange(written) !== undefined;
  const set = (which: keyof Bounds, typed: string) => {
    const other = which === "least" ? "most" : "least";
    const kept = bounds[other] === undefined ? {} : { [other]: bounds[other] };
    setBounds(typed === "" ? kept : { ...kept, [which]: Number(typed) });
  };
  return (
    <form
      className="grid gap-3 p-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (fit) done(written);
      }}
    >
      <div className="grid grid-cols-2 gap-2">
        {(["least", "most"] as const).map((which) => (
          <label key={which} className="grid gap-1 text-s">
            <span className="text-muted">
              {say[which]} {say.units[unit] && `(${say.units[unit]})`}
            </span>
            <input
              type="number"
              min={0}
              step="any"
              inputMode="decimal"
              autoFocus={which === "least"}
              defaultValue={bounds[which]}
              onChange={(event) => set(which, event.target.value)}
              className={INPUT}
            />
          </label>
        ))}
      </div>
      <Button type="submit" variant="primary" disabled={!fit}>
        {say.apply}
      </Button>
    </form>
  );
}
