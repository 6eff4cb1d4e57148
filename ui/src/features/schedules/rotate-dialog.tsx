import { useQueryClient } from "@tanstack/react-query";

import { rotateSecret, scheduleKeys } from "@/api/schedules";
import type { Schedule } from "@/api/types";
import { FormDialog } from "@/components/form-dialog";
import { hookSecret } from "@/features/schedules/schedule-dialog";
import { schedules as say } from "@/strings/schedules";

/** Gives a webhook another secret, after saying what that ends. */
export function RotateDialog({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const client = useQueryClient();
  const save = async () => {
    const { secret } = await rotateSecret(schedule.id);
    await client.invalidateQueries({ queryKey: scheduleKeys.all });
    return hookSecret(schedule.hook_path, secret);
  };
  return (
    <FormDialog title={say.rotateTitle(schedule.name)} act={say.rotateAct} danger onClose={onClose} save={save}>
      <p className="text-muted">{say.rotateHelp}</p>
    </FormDialog>
  );
}
