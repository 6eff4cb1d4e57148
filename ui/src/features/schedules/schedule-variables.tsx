import { useQuery } from "@tanstack/react-query";

import { templatesQuery } from "@/api/templates";
import type { Schedule } from "@/api/types";
import { TextField } from "@/components/field";
import { variableField } from "@/features/schedules/schedule-draft";
import { schedules } from "@/strings/schedules";

const say = schedules.form;

/** Values for the variables in the schedule's own texts: whoever fires it by the API may give others. */
export function OwnVariables({ names, was }: { names: string[]; was: Schedule | undefined }) {
  return (
    <Variables>
      {names.map((name) => (
        <TextField key={name} label={name} name={variableField(name)} hint={say.variableHint} maxLength={10_000} autoComplete="off" defaultValue={was?.variables[name]} />
      ))}
    </Variables>
  );
}

/** Values for what its template asks each time; where nothing is said, what the template says stands there. */
export function TemplateVariables({ templateId, was }: { templateId: string; was: Schedule }) {
  const { data } = useQuery(templatesQuery);
  const template = data?.items.find((each) => each.id === templateId);
  if (!template || template.variables.length === 0) return null;
  return (
    <Variables>
      {template.variables.map(({ name, default: usual, description }) => (
        <TextField
          key={name}
          label={name}
          name={variableField(name)}
          hint={description}
          required={usual === null}
          placeholder={usual ?? ""}
          maxLength={10_000}
          autoComplete="off"
          defaultValue={was.variables[name]}
        />
      ))}
    </Variables>
  );
}

function Variables({ children }: { children: React.ReactNode }) {
  return (
    <fieldset className="grid gap-3">
      <legend className="mb-2 text-s font-[560] text-muted">{say.variables}</legend>
      {children}
    </fieldset>
  );
}
