import type { ReactNode } from "react";
import { useState } from "react";

import { Button } from "@/components/button";
import { CodeBlock } from "@/components/code-block";
import { Dialog } from "@/components/dialog";
import { ProblemNote, SkeletonFields } from "@/components/states";
import { SubmitForm } from "@/components/submit-form";
import { words } from "@/strings/common";

/** What is shown once after it was made, each to be copied. */
export type ShownOnce = { label: string; code: string }[];

/** An answer that the fields choose from. */
type Asked = { data: unknown; error: unknown; refetch: () => unknown };

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
  /** What its fields choose from. They are made when all of it is there, as what they begin with is chosen then; what fails says so in their place. */
  asks?: Asked[];
  wide?: boolean;
};

/** A form in a dialog that makes something, perhaps with secrets that are never shown again. */
export function FormDialog({ title, act, danger = false, ready = true, onClose, save, children, asks = [], wide = false }: Props) {
  const [once, setOnce] = useState<ShownOnce>();
  const submit = async (form: FormData) => {
    const made = await save(form);
    if (made) setOnce(made);
    else onClose();
  };
  const missing = asks.filter((each) => each.data === undefined);
  const failed = missing.find((each) => each.error);
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
      ) : failed ? (
        <ProblemNote error={failed.error} retry={() => missing.forEach((each) => void each.refetch())} />
      ) : missing.length > 0 ? (
        <SkeletonFields />
      ) : (
        <SubmitForm act={act} danger={danger} ready={ready} onCancel={onClose} submit={submit}>
          {children}
        </SubmitForm>
      )}
    </Dialog>
  );
}
