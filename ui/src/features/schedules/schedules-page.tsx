import { useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Ellipsis, Play, Plus } from "lucide-react";
import { useMemo, useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { deleteSchedule, fireSchedule, pauseSchedule, resumeSchedule, scheduleKeys, schedulesQuery } from "@/api/schedules";
import type { Schedule } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import { Chip, Dot } from "@/components/chip";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { DeclaredChip } from "@/components/declared-chip";
import { Confirm } from "@/components/dialog";
import { Due } from "@/components/figures";
import { Menu, MenuItem, MenuLine } from "@/components/menu";
import { Page } from "@/components/page";
import { Empty } from "@/components/states";
import { toast } from "@/components/toast";
import { FiringsDialog } from "@/features/schedules/firings-dialog";
import { RotateDialog } from "@/features/schedules/rotate-dialog";
import { ScheduleDialog } from "@/features/schedules/schedule-dialog";
import { formatInstant, formatSpan } from "@/lib/format";
import { schedules as say } from "@/strings/schedules";

type Props = { creating: boolean; setCreating: (open: boolean) => void };
/** What was chosen in a row's menu, and of which schedule. */
type Chosen = { what: "edit" | "history" | "rotate" | "remove"; schedule: Schedule };
type Act = { run: (id: string) => Promise<unknown>; id: string; said: string };

export function SchedulesPage({ creating, setCreating }: Props) {
  const { data } = useSuspenseQuery(schedulesQuery);
  const client = useQueryClient();
  const [chosen, setChosen] = useState<Chosen>();
  const close = () => setChosen(undefined);
  const { mutate } = useMutation({
    mutationFn: ({ run, id }: Act) => run(id),
    onSuccess: (_, { said }) => toast({ text: said, tone: "work" }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: scheduleKeys.all }),
  });
  const allowed = useMay("work");
  const columns = useMemo(() => scheduleColumns(mutate, setChosen, allowed), [allowed, mutate]);
  const add = allowed && (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus size={14} aria-hidden="true" /> {say.add}
    </Button>
  );
  const active = data.items.filter((each) => each.state === "active").length;
  return (
    <Page title={say.title} answer={say.answer(active, data.items.length - active)} actions={data.items.length > 0 && add}>
      {data.items.length === 0 ? (
        <Empty title={say.empty} action={add}>
          {say.emptyHelp}
        </Empty>
      ) : (
        <DataTable label={say.title} columns={columns} rows={data.items} rowId={(schedule) => schedule.id} stacks />
      )}
      {creating && <ScheduleDialog onClose={() => setCreating(false)} />}
      {chosen?.what === "edit" && <ScheduleDialog schedule={chosen.schedule} onClose={close} />}
      {chosen?.what === "history" && <FiringsDialog schedule={chosen.schedule} onClose={close} />}
      {chosen?.what === "rotate" && <RotateDialog schedule={chosen.schedule} onClose={close} />}
      <Confirm
        open={chosen?.what === "remove"}
        onOpenChange={(open) => !open && close()}
        title={say.removeTitle(chosen?.schedule.name ?? "")}
        act={say.remove}
        onAct={() => chosen && mutate({ run: deleteSchedule, id: chosen.schedule.id, said: say.saved })}
      >
        {say.removeHelp}
      </Confirm>
    </Page>
  );
}

/** When it fires, in words; of a cron expression also as it is written. */
function When({ schedule }: { schedule: Schedule }) {
  return (
    <span className="grid gap-0.5">
      <span>{whenOf(schedule)}</span>
      {schedule.cron && <code className="text-[12px] text-muted">{schedule.cron}</code>}
    </span>
  );
}

function whenOf(schedule: Schedule): string {
  if (schedule.trigger === "cron") return `${schedule.cron_words ?? schedule.cron}, ${schedule.zone}`;
  if (schedule.trigger === "interval") return say.every(formatSpan((schedule.every_s ?? 0) * 1_000));
  return say.triggers[schedule.trigger];
}

function scheduleColumns(act: (act: Act) => void, choose: (chosen: Chosen) => void, allowed: boolean): Column<Schedule>[] {
  return [
    {
      id: "name",
      header: say.columns.name,
      cell: (schedule) => (
        <span className="grid gap-0.5">
          <span className="flex items-center gap-2 font-[560]">
            <Dot tone={schedule.state === "active" ? "work" : "idle"} /> {schedule.name}
            {schedule.state === "paused" && <Chip tone="wait">{say.paused}</Chip>}
          </span>
          {schedule.paused_reason && <span className="text-s text-wait">{schedule.paused_reason}</span>}
        </span>
      ),
    },
    { id: "when", header: say.columns.when, from: "md", cell: (schedule) => <When schedule={schedule} /> },
    {
      id: "next",
      header: say.columns.next,
      cell: (schedule) => {
        const [first] = schedule.next_firings;
        return first ? (
          <details>
            <summary className="min-h-6 cursor-pointer py-0.5 whitespace-nowrap pointer-coarse:min-h-10 pointer-coarse:py-2.5">
              <Due at={first} />
            </summary>
            <ol aria-label={say.nextFive} className="mt-1 grid gap-0.5 text-s text-muted">
              {schedule.next_firings.map((at) => (
                <li key={at} className="num">{formatInstant(at)}</li>
              ))}
            </ol>
          </details>
        ) : (
          <span className="text-faint">{say.onDemand}</span>
        );
      },
    },
    { id: "task", header: say.columns.task, from: "lg", cell: (schedule) => <span className="line-clamp-2 min-w-[140px] text-muted">{schedule.task?.title ?? schedule.template?.name}</span> },
    { id: "owner", header: say.columns.owner, from: "lg", cell: (schedule) => <span className="text-muted">{schedule.owner.name}</span> },
    {
      id: "act",
      header: say.columns.act,
      headerHidden: true,
      align: "end",
      cell: (schedule) => (
        <span className="inline-flex items-center gap-1">
          {allowed && (
            <Button size="s" onClick={() => act({ run: fireSchedule, id: schedule.id, said: say.fired })}>
              <Play size={11} aria-hidden="true" /> <span className="max-md:sr-only">{say.fire}</span>
            </Button>
          )}
          {schedule.declared && <DeclaredChip />}
          {allowed && !schedule.declared && (
            <Button size="s" onClick={() => act({ run: schedule.state === "active" ? pauseSchedule : resumeSchedule, id: schedule.id, said: say.saved })}>
              {schedule.state === "active" ? say.pause : say.resume}
            </Button>
          )}
          <ScheduleMenu schedule={schedule} choose={choose} allowed={allowed} />
        </span>
      ),
    },
  ];
}

/** Everything else of a schedule. What quarterdeck.toml says is changed there. */
function ScheduleMenu({ schedule, choose, allowed }: { schedule: Schedule; choose: (chosen: Chosen) => void; allowed: boolean }) {
  const open = allowed && !schedule.declared;
  return (
    <Menu
      trigger={
        <IconButton label={say.more(schedule.name)}>
          <Ellipsis size={15} />
        </IconButton>
      }
    >
      <MenuItem onSelect={() => choose({ what: "history", schedule })}>{say.history}</MenuItem>
      {open && <MenuItem onSelect={() => choose({ what: "edit", schedule })}>{say.edit}</MenuItem>}
      {allowed && schedule.trigger === "webhook" && <MenuItem onSelect={() => choose({ what: "rotate", schedule })}>{say.rotate}</MenuItem>}
      {open && (
        <>
          <MenuLine />
          <MenuItem danger onSelect={() => choose({ what: "remove", schedule })}>
            {say.remove}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}
