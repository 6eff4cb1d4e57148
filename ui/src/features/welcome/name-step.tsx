import { useMutation, useQueryClient } from "@tanstack/react-query";

import { asProblem } from "@/api/problem";
import { changeSettings, settingsKeys } from "@/api/settings";
import type { Settings } from "@/api/types";
import { OneField } from "@/features/welcome/one-field";
import { Step } from "@/features/welcome/step";
import { welcome } from "@/strings/welcome";

const say = welcome.name;

export function NameStep({ settings, open }: { settings: Settings; open: boolean }) {
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (name: string) => changeSettings(settings.workspace.version, { name }),
    onSuccess: (answer) => client.setQueryData(settingsKeys.all, answer),
    // Somebody else may have named it meanwhile.
    onError: () => client.invalidateQueries({ queryKey: settingsKeys.all }),
  });
  return (
    <Step number={1} done={!open} title={open ? say.title : settings.workspace.name}>
      {open && (
        <OneField
          label={say.label}
          act={say.act}
          placeholder={say.example}
          autoComplete="organization"
          busy={save.isPending}
          problem={save.error ? asProblem(save.error).message : undefined}
          submit={(name) => save.mutate(name)}
        />
      )}
    </Step>
  );
}
