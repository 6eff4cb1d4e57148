import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check } from "lucide-react";
import type { ReactNode } from "react";
import { useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { providersQuery } from "@/api/providers";
import { changeSettings, settingsKeys, settingsQuery } from "@/api/settings";
import type { Settings } from "@/api/types";
import { Button, buttonClass } from "@/components/button";
import { TextField } from "@/components/field";
import { field } from "@/lib/form";
import { now } from "@/strings/now";

const say = now.steps;
/** What a workspace is called before anybody named it. */
const UNNAMED = "default";

/** The empty house teaches: what to do first, and what is done already. `teach` connects the first agent, `provide` asks for a provider in place. */
export function FirstSteps({ teach, provide }: { teach: ReactNode; provide: (onClose: () => void) => ReactNode }) {
  const [providing, setProviding] = useState(false);
  const { data: providers } = useQuery(providersQuery);
  const { data: settings } = useQuery(settingsQuery);
  const admin = useMay("administer");
  const provided = (providers?.items.length ?? 0) > 0;
  const named = settings !== undefined && settings.workspace.name !== UNNAMED;
  const first = admin ? 2 : 0;
  return (
    <>
      {admin && (
        <ol className="card divide-y divide-line">
          <Step number={1} done={named} title={named ? settings.workspace.name : say.name} help={say.nameHelp}>
            {settings && !named && <NameForm settings={settings} />}
          </Step>
          <Step number={2} done={provided} title={say.provider} help={say.providerHelp}>
            <Button variant={provided ? "plain" : "primary"} onClick={() => setProviding(true)}>
              {provided ? say.another : say.provider}
            </Button>
          </Step>
        </ol>
      )}
      {providing && provide(() => setProviding(false))}
      {teach}
      <ol start={first + 2} className="card divide-y divide-line">
        <Step number={first + 2} done={false} title={say.task} help={say.taskHelp}>
          <Link to="/board" search={{ new: true }} className={buttonClass()}>
            {say.task}
          </Link>
        </Step>
      </ol>
    </>
  );
}

function NameForm({ settings }: { settings: Settings }) {
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (name: string) => changeSettings(settings.workspace.version, { name }),
    onSuccess: (answer) => client.setQueryData(settingsKeys.all, answer),
  });
  return (
    <form
      className="flex min-w-0 items-start gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(field(new FormData(event.currentTarget), "name"));
      }}
    >
      <TextField label={say.nameLabel} labelHidden name="name" required maxLength={100} autoComplete="organization" error={save.error ? asProblem(save.error).message : undefined} />
      <Button type="submit" variant="primary" busy={save.isPending} className="h-8">
        {say.save}
      </Button>
    </form>
  );
}

function Step({ number, done, title, help, children }: { number: number; done: boolean; title: string; help: string; children: ReactNode }) {
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-4">
      <span className="grid size-7 shrink-0 place-items-center rounded-full border border-line-strong text-s font-[560] text-muted">
        {done ? <Check size={14} className="text-work" aria-label={say.done} /> : number}
      </span>
      <div className="min-w-0 flex-1 basis-[220px]">
        <h2 className="font-[560]">{title}</h2>
        <p className="text-muted">{help}</p>
      </div>
      {children}
    </li>
  );
}
