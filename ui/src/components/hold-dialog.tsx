import { AreaField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { holds as say } from "@/strings/holds";

const REASON_LENGTH = 1_000;

type Props = {
  name: string;
  /** What it will do. */
  help: string;
  hold: (reason: string | null) => Promise<unknown>;
  onClose: () => void;
};

/** Asks why something is held, and holds it. */
export function HoldDialog({ name, help, hold, onClose }: Props) {
  const save = async (form: FormData) => {
    await hold(field(form, "reason").trim() || null);
    toast({ text: say.held(name) });
    return undefined;
  };
  return (
    <FormDialog title={say.title(name)} act={say.act} onClose={onClose} save={save}>
      <p className="text-muted">{help}</p>
      <AreaField label={say.reason} name="reason" hint={say.reasonHint} rows={2} maxLength={REASON_LENGTH} autoFocus />
    </FormDialog>
  );
}
