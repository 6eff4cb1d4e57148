import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { RotateCw } from "lucide-react";
import { useRef, useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { createReplay, replayStepsQuery } from "@/api/replays";
import { routesQuery } from "@/api/routes";
import type { Replay, ReplayDraft } from "@/api/types";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { AreaField, SelectField, TextField } from "@/components/field";
import { Money } from "@/components/figures";
import { FormActions } from "@/components/form-actions";
import { nanoOf, placesOf, usualCap } from "@/components/replay/target";
import { ProblemNote } from "@/components/states";
import { field } from "@/lib/form";
import { listed, words } from "@/strings/common";
import { replays } from "@/strings/replays";

const say = replays.dialog;

export type Replayed = { run_id: string } | { call_id: string };

/** Replays a run or a call: first dry, and then for real. */
export function ReplayButton({ of }: { of: Replayed }) {
  const [open, setOpen] = useState(false);
  if (!useMay("operate")) return null;
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <RotateCw size={12} aria-hidden="true" /> {replays.act}
      </Button>
      {open && <ReplayDialog of={of} onClose={() => setOpen(false)} />}
    </>
  );
}

function ReplayDialog({ of, onClose }: { of: Replayed; onClose: () => void }) {
  const { data: routes } = useQuery(routesQuery);
  const navigate = useNavigate();
  const asked = useRef<ReplayDraft>({});
  const dry = useMutation({ mutationFn: (draft: ReplayDraft) => createReplay(draft, crypto.randomUUID()) });
  const send = useMutation({
    mutationFn: ({ cap, key }: { cap: number; key: string }) => createReplay({ ...asked.current, dry: false, cap_nano: cap }, key),
    onSuccess: (made) => void navigate({ to: "/replays/$replayId", params: { replayId: made.id } }),
  });
  const workOut = (form: FormData) => {
    const [model, route, system] = ["model", "route", "system"].map((name) => field(form, name).trim());
    asked.current = { ...of, ...(model ? { model } : {}), ...(route ? { route } : {}), ...(system ? { system } : {}) };
    send.reset();
    dry.mutate(asked.current);
  };
  const choices = [{ value: "", label: say.asRecorded }, ...(routes?.items ?? []).map((route) => ({ value: route.name, label: route.name }))];
  return (
    <Dialog open onOpenChange={onClose} title={"run_id" in of ? say.run : say.call} description={say.help} wide>
      <form
        className="grid gap-4"
        onChange={() => dry.data && dry.reset()}
        onSubmit={(event) => {
          event.preventDefault();
          workOut(new FormData(event.currentTarget));
        }}
      >
        <div className="grid gap-4 md:grid-cols-2">
          <TextField label={say.model} name="model" hint={say.modelHint} maxLength={300} autoComplete="off" spellCheck={false} />
          <SelectField label={say.route} name="route" hint={say.routeHint} choices={choices} />
        </div>
        <AreaField label={say.system} name="system" hint={say.systemHint} rows={4} />
        {!dry.data && (
          <FormActions problem={dry.error && asProblem(dry.error).message}>
            <Button onClick={onClose}>{words.cancel}</Button>
            <Button type="submit" variant="primary" busy={dry.isPending}>
              {say.dry}
            </Button>
          </FormActions>
        )}
      </form>
      {dry.data && <Worked key={dry.data.id} replay={dry.data} busy={send.isPending || send.isSuccess} error={send.error} onSend={(cap, key) => send.mutate({ cap, key })} onClose={onClose} />}
    </Dialog>
  );
}

/** What was worked out stands below the form that asked, on a phone out of sight. */
const intoSight = (form: HTMLFormElement | null): void => form?.scrollIntoView({ block: "nearest" });

type WorkedProps = { replay: Replay; busy: boolean; error: Error | null; onSend: (capNano: number, key: string) => void; onClose: () => void };

/** What a dry replay found, and the way to send it. */
function Worked({ replay, busy, error, onSend, onClose }: WorkedProps) {
  const { data, error: noSteps, refetch } = useQuery(replayStepsQuery(replay.id));
  const [written, setCap] = useState<string>();
  const [wrong, setWrong] = useState(false);
  // One key for this very wish: clicking twice, or again after a lost answer, makes one replay.
  const [key] = useState(() => crypto.randomUUID());
  const { totals } = replay;
  const steps = data?.items ?? [];
  const places = placesOf(steps.flatMap((step) => (step.plan ? [step.plan] : [])));
  const longest = Math.max(0, ...steps.map((step) => step.plan?.hold_nano ?? 0));
  const cap = written ?? usualCap(totals.estimate_nano, longest);
  const sent = totals.by_state.planned ?? 0;
  const left = steps.filter((step) => step.state === "left_out");
  if (noSteps && !data) return <ProblemNote error={noSteps} retry={() => void refetch()} />;
  return (
    <form
      ref={intoSight}
      className="mt-4 grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        const nano = nanoOf(cap);
        setWrong(nano === null);
        if (nano !== null) onSend(nano, `${key}-${nano}`);
      }}
    >
      <div role="status" className="card grid gap-2.5 px-4 py-3">
        <p className="font-[560]">{say.where(sent, listed(places) || "…")}</p>
        <dl className="flex flex-wrap gap-x-8 gap-y-2">
          <div>
            <dt className="text-xs text-muted">{say.recorded}</dt>
            <dd className="text-l font-[560]">
              <Money nano={totals.was_cost_nano} unpriced={totals.was_unpriced} />
            </dd>
          </div>
          <div>
            <dt className="text-xs text-muted">{say.estimate}</dt>
            <dd className="text-l font-[560]">
              <Money nano={totals.estimate_nano} unpriced={totals.unpriced} estimated />
            </dd>
          </div>
        </dl>
        <p className="text-s text-muted">{say.basis}</p>
        {totals.unpriced > 0 && <p className="text-s text-wait">{say.unpriced(totals.unpriced)}</p>}
        {totals.without_usage > 0 && <p className="text-s text-wait">{say.withoutUsage(totals.without_usage)}</p>}
        {left.length > 0 && (
          <p className="text-s text-wait">
            {say.leftOut(left.length)} {left[0]?.reason}
          </p>
        )}
        <p className="text-s">
          <Link to="/replays/$replayId" params={{ replayId: replay.id }} className="text-accent hover:underline">
            {say.each}
          </Link>
        </p>
      </div>
      <TextField
        label={say.cap}
        hint={say.capHint}
        error={wrong ? say.capWrong : undefined}
        inputMode="decimal"
        value={cap}
        onChange={(event) => setCap(event.target.value)}
        className="max-w-[160px]"
        autoComplete="off"
      />
      <FormActions problem={error && asProblem(error).message}>
        <Button onClick={onClose}>{words.cancel}</Button>
        <Button type="submit" variant="primary" busy={busy}>
          {say.send(sent)}
        </Button>
      </FormActions>
    </form>
  );
}
