import type { ReactNode } from "react";
import { useState } from "react";

import { asProblem } from "@/api/problem";
import { Button } from "@/components/button";
import { FormActions } from "@/components/form-actions";
import { cx } from "@/lib/cx";
import { showWrongField } from "@/lib/wrong-field";
import { words } from "@/strings/common";

type Props = {
  act: string;
  /** What it does cannot be taken back. */
  danger?: boolean;
  /** False while what it is about is not known yet. */
  ready?: boolean;
  /** Without it there is no way back: the form is all there is. */
  onCancel?: (() => void) | undefined;
  cancel?: string;
  submit: (form: FormData) => Promise<void>;
  children: ReactNode;
};

/** A form with what ends it: to the right in a dialog, as wide as the form where it stands alone. A refusal stands in it, and nothing typed is lost. */
export function SubmitForm({ act, danger = false, ready = true, onCancel, cancel = words.cancel, submit, children }: Props) {
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const handIn = async (form: HTMLFormElement) => {
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
        void handIn(event.currentTarget);
      }}
    >
      {children}
      <FormActions problem={problem} alone={!onCancel}>
        {onCancel && <Button onClick={onCancel}>{cancel}</Button>}
        <Button type="submit" variant={danger ? "danger" : "primary"} busy={busy} disabled={busy || !ready} className={cx(!onCancel && "flex-1")}>
          {act}
        </Button>
      </FormActions>
    </form>
  );
}
