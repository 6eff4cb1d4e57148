import type { ReactNode } from "react";
import { useState } from "react";

import { Button } from "@/components/button";
import { CodeBlock } from "@/components/code-block";
import { Dialog } from "@/components/dialog";
import { SubmitForm } from "@/components/submit-form";
import { words } from "@/strings/common";

/** What is shown once after it was made, each to be copied. */
export type ShownOnce = { label: string; code: string }[];

type Props = {
  title: string;
  act: string;
  /** What it does cannot be taken back. */
  danger?: boolean;
  /** False while what it is about is not known yet. */
  ready?: boolean;
  onClose: () => void;
  /** Makes it; what it yields is shown once before the dialog closes. A refusal stands in the form, and nothing typed is lost. */
  save: (form: FormData) => Promise<ShownOnce | undefined>;
  children: ReactNode;
  wide?: boolean;
};

/** A form in a dialog that makes something, perhaps with secrets that are never shown again. */
export function FormDialog({ title, act, danger = false, ready = true, onClose, save, children, wide = false }: Props) {
  const [once, setOnce] = useState<ShownOnce>();
  const submit = async (form: FormData) => {
    const made = await save(form);
    if (made) setOnce(made);
    else onClose();
  };
  return (
    <Dialog open onOpenChange={onClose} title={title} wide={wide} dismissable={!once}>
      {once ? (
        <div className="grid gap-3">
          {once.map(({ label, code }) => (
            <div key={label} className="grid gap-3">
              <p>{label}</p>
              <CodeBlock code={code} label={label} />
            </div>
          ))}
          <Button variant="primary" onClick={onClose}>
            {words.done}
          </Button>
        </div>
      ) : (
        <SubmitForm act={act} danger={danger} ready={ready} onCancel={onClose} submit={submit}>
          {children}
        </SubmitForm>
      )}
    </Dialog>
  );
}
