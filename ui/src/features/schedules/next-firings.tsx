import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { asProblem } from "@/api/problem";
import { previewQuery } from "@/api/schedules";
import type { FiringPreviewAsk } from "@/api/types";
import { formatInstant } from "@/lib/format";
import { useSettled } from "@/lib/use-settled";
import { schedules } from "@/strings/schedules";

type Props = { cron?: string; zone?: string; minutes?: string };

/** When what is being typed would fire, or what is wrong with it; asked for when typing pauses. */
export function NextFirings({ cron = "", zone = "", minutes = "" }: Props) {
  const typed = useMemo((): FiringPreviewAsk => (cron ? { cron: cron.trim(), zone: zone.trim() } : { every_s: Math.round(Number(minutes) * 60) }), [cron, zone, minutes]);
  const ask = useSettled(typed, 300);
  const whole = Boolean(ask.cron && ask.zone) || Boolean(ask.every_s);
  const { data, error } = useQuery({ ...previewQuery(ask), enabled: whole });
  return (
    <div aria-live="polite" className="-mt-1 min-h-6 text-s">
      {!whole ? null : error ? (
        <p className="text-wrong">{asProblem(error).message}</p>
      ) : (
        data && (
          <>
            {data.cron_words && <p className="font-[510]">{`${data.cron_words}, ${zone.trim()}.`}</p>}
            <p className="text-muted">{schedules.form.preview}</p>
            <ol aria-label={schedules.form.preview} className="num grid gap-x-4 sm:grid-cols-2">
              {data.next_firings.map((at) => (
                <li key={at}>{formatInstant(at)}</li>
              ))}
            </ol>
          </>
        )
      )}
    </div>
  );
}
