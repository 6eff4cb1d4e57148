import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { asProblem } from "@/api/problem";
import { sessionKeys, setPassword } from "@/api/session";
import { Button } from "@/components/button";
import { TextField } from "@/components/field";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { session as say } from "@/strings/session";

const MIN_LENGTH = 10;

type Props = { hasPassword: boolean; onDone: () => void; onLater?: () => void };

/** Sets one's own password; asks for the current one where there is one. */
export function PasswordForm({ hasPassword, onDone, onLater }: Props) {
  const client = useQueryClient();
  const [errors, setErrors] = useState<{ password?: string; repeat?: string; form?: string }>({});
  const [busy, setBusy] = useState(false);
  const submit = async (form: FormData) => {
    const [password, repeat, current] = ["password", "repeat", "current"].map((name) => field(form, name));
    const wrong = !password || password.length < MIN_LENGTH ? { password: say.tooShort } : password !== repeat ? { repeat: say.mismatch } : undefined;
    setErrors(wrong ?? {});
    if (!password || wrong) return;
    setBusy(true);
    try {
      await setPassword({ password, ...(hasPassword && current ? { current_password: current } : {}) });
      void client.invalidateQueries({ queryKey: sessionKeys.all });
      toast({ text: say.passwordSet, tone: "work" });
      onDone();
    } catch (error) {
      setErrors({ form: asProblem(error).message });
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(new FormData(event.currentTarget));
      }}
    >
      <div>
        <h1 className="text-l font-semibold">{say.setTitle}</h1>
        <p className="text-s text-muted">{say.setHelp}</p>
      </div>
      {hasPassword && <TextField label={say.currentPassword} name="current" type="password" autoComplete="current-password" required />}
      <TextField label={say.newPassword} name="password" type="password" autoComplete="new-password" error={errors.password} required />
      <TextField label={say.repeat} name="repeat" type="password" autoComplete="new-password" error={errors.repeat} required />
      {errors.form && (
        <p role="alert" className="text-s text-wrong">
          {errors.form}
        </p>
      )}
      <div className="flex gap-2">
        <Button type="submit" variant="primary" busy={busy}>
          {say.set}
        </Button>
        {onLater && (
          <Button variant="quiet" onClick={onLater}>
            {say.later}
          </Button>
        )}
      </div>
    </form>
  );
}
