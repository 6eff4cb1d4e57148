import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { sessionKeys, setPassword } from "@/api/session";
import { TextField } from "@/components/field";
import { SubmitForm } from "@/components/submit-form";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { session as say } from "@/strings/session";

const MIN_LENGTH = 10;

type Props = { hasPassword: boolean; onDone: () => void; onLater?: () => void; /** False where what stands around it has the title. */ titled?: boolean };

/** Sets one's own password; asks for the current one where there is one. */
export function PasswordForm({ hasPassword, onDone, onLater, titled = true }: Props) {
  const client = useQueryClient();
  const [errors, setErrors] = useState<{ password?: string; repeat?: string }>({});
  const submit = async (form: FormData) => {
    const [password, repeat, current] = ["password", "repeat", "current"].map((name) => field(form, name));
    const wrong = !password || password.length < MIN_LENGTH ? { password: say.tooShort } : password !== repeat ? { repeat: say.mismatch } : undefined;
    setErrors(wrong ?? {});
    if (!password || wrong) return;
    await setPassword({ password, ...(hasPassword && current ? { current_password: current } : {}) });
    void client.invalidateQueries({ queryKey: sessionKeys.all });
    toast({ text: say.passwordSet, tone: "work" });
    onDone();
  };
  return (
    <SubmitForm act={say.set} submit={submit} onCancel={onLater} cancel={say.later}>
      <div>
        {titled && <h1 className="text-l font-semibold">{say.setTitle}</h1>}
        <p className="text-s text-muted">{say.setHelp}</p>
      </div>
      {hasPassword && <TextField label={say.currentPassword} name="current" type="password" autoComplete="current-password" required />}
      <TextField label={say.newPassword} name="password" type="password" autoComplete="new-password" error={errors.password} required />
      <TextField label={say.repeat} name="repeat" type="password" autoComplete="new-password" error={errors.repeat} required />
    </SubmitForm>
  );
}
