import type { ReactNode } from "react";
import { useState } from "react";

import { asProblem } from "@/api/problem";
import { Button } from "@/components/button";
import { FormActions } from "@/components/form-actions";
import { showWrongField } from "@/lib/wrong-field";
import { words } from "@/strings/common";

type Props = {
  act: string;
  /** What it does cannot be taken back. */
  danger?: boolean;
  /** False while what it is about is not known yet. */
  ready?: boolean;
  onCancel: () => void;
  submit: (form: FormData) => Promise<void>;
  children: ReactNode;
};

/** The form of a dialog, with what ends it. A refusal stands in it, and nothing typed is lost. */
export function SubmitForm({ act, danger = false, ready = true, onCancel, submit, children }: Props) {
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const send = async (form: HTMLFormElement) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await submit(new FormData(form));
    } catch (error) {
      setProblem(asProblem(error).message);
      showWrongField(form, asProblem(error));
    }
    setBusy(false);
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void send(event.currentTarget);
      }}
    >
      {children}
      <FormActions problem={problem}>
        <Button onClick={onCancel}>{words.cancel}</Button>
        <Button type="submit" variant={danger ? "danger" : "primary"} busy={busy} disabled={busy || !ready}>
          {act}
        </Button>
      </FormActions>
    </form>
  );
}
