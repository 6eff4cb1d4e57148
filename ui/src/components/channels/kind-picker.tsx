import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { notificationKindsQuery } from "@/api/channels";
import { fitsWords, groupedKinds, kindFits } from "@/components/channels/kinds";
import { ProblemNote } from "@/components/states";
import { cx } from "@/lib/cx";
import { channels } from "@/strings/channels";

const say = channels.form;

/** Which kinds of events, by group, with a search; in the form as `kinds`. What the search hides stays ticked. `chosen` are patterns. */
export function KindPicker({ legend = say.about, hint = say.aboutHint, chosen = [] }: { legend?: string; hint?: string; chosen?: string[] }) {
  const { data, error, refetch } = useQuery(notificationKindsQuery);
  const groups = useMemo(() => groupedKinds(data?.items ?? []), [data]);
  const [typed, setTyped] = useState("");
  const shown = (group: string, name: string) => fitsWords(typed.trim(), group, name);
  const none = data !== undefined && !groups.some(({ group, kinds }) => kinds.some(({ name }) => shown(group, name)));
  return (
    <fieldset className="grid gap-1.5">
      <legend className="text-s font-[510]">{legend}</legend>
      {error && !data && <ProblemNote error={error} retry={() => void refetch()} />}
      <input
        type="search"
        aria-label={say.findKind}
        placeholder={say.findKind}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
        className="h-8 rounded-s pointer-coarse:h-10 border border-field-line/60 bg-surface px-2.5 text-s hover:border-field-line max-md:text-[16px]"
      />
      <div className="scroll-quiet grid max-h-[220px] content-start gap-2 overflow-y-auto rounded-s border border-line p-2">
        {groups.map(({ group, kinds }) => (
          <div key={group} role="group" aria-label={group} className={cx("grid", !kinds.some(({ name }) => shown(group, name)) && "hidden")}>
            <span aria-hidden="true" className="text-xs text-faint">
              {group}
            </span>
            {kinds.map(({ kind, name }) => (
              <label key={kind} className={cx("flex min-h-6 items-center gap-2 text-s pointer-coarse:min-h-10", !shown(group, name) && "hidden")}>
                <input type="checkbox" name="kinds" value={kind} defaultChecked={chosen.some((pattern) => kindFits(kind, pattern))} className="size-[14px] shrink-0 accent-(--accent)" /> {name}
              </label>
            ))}
          </div>
        ))}
        {none && <p className="text-s text-muted">{say.noKind}</p>}
      </div>
      <p className="text-s text-faint">{hint}</p>
    </fieldset>
  );
}
