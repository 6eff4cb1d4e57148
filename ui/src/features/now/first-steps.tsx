import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { providersQuery } from "@/api/providers";
import { changeSettings, settingsKeys, settingsQuery } from "@/api/settings";
import type { Settings } from "@/api/types";
import { Button, buttonClass } from "@/components/button";
import { TextField } from "@/components/field";
import type { Provide } from "@/features/now/provider-step";
import { ProviderStep } from "@/features/now/provider-step";
import { Step } from "@/features/now/step";
import { field } from "@/lib/form";
import { now } from "@/strings/now";

const say = now.steps;
/** What a workspace is called before anybody named it. */
const UNNAMED = "default";

/** The empty house teaches: what to do first, and what is done already. `teach` connects the first agent, `provide` asks for a provider in place. */
export function FirstSteps({ teach, provide }: { teach: (number: number) => ReactNode; provide: Provide }) {
  const { data: providers } = useQuery(providersQuery);
  const { data: settings } = useQuery(settingsQuery);
  const admin = useMay("administer");
  const named = settings !== undefined && settings.workspace.name !== UNNAMED;
  const first = admin ? 2 : 0;
  return (
    <>
      {admin && (
        <ol className="card divide-y divide-line">
          <Step number={1} done={named} title={named ? settings.workspace.name : say.name} help={say.nameHelp}>
            {settings && !named && <NameForm settings={settings} />}
          </Step>
          <ProviderStep number={2} providers={providers?.items ?? []} provide={provide} />
        </ol>
      )}
      {teach(first + 1)}
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
      <TextField label={say.nameLabel} labelHidden name="name" required maxLength={100} autoComplete="organization" placeholder={say.nameExample} error={save.error ? asProblem(save.error).message : undefined} />
      <Button type="submit" busy={save.isPending} className="h-8 pointer-coarse:h-10">
        {say.save}
      </Button>
    </form>
  );
}
