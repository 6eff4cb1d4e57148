import { Button } from "@/components/button";
import { TextField } from "@/components/field";
import { field } from "@/lib/form";

type Props = { label: string; act: string; busy: boolean; problem: string | undefined; submit: (value: string) => void; placeholder?: string; defaultValue?: string; autoComplete?: string };

/** A name, and what goes on with it. The step's title says what it is of, so its label is for those who hear the page. */
export function OneField({ label, act, busy, problem, submit, autoComplete = "off", ...rest }: Props) {
  return (
    <form
      className="flex min-w-0 items-start gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        submit(field(new FormData(event.currentTarget), "name").trim());
      }}
    >
      <div className="min-w-0 flex-1">
        <TextField label={label} labelHidden name="name" required maxLength={100} autoFocus autoComplete={autoComplete} error={problem} {...rest} />
      </div>
      <Button type="submit" variant="primary" busy={busy} className="h-8 pointer-coarse:h-10">
        {act}
      </Button>
    </form>
  );
}
