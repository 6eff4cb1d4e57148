import { ChevronDown } from "lucide-react";
import { useState } from "react";

import type { Offered } from "@/components/choose/offered";
import { useOffered, useShown } from "@/components/choose/offered";
import { PickFrom } from "@/components/choose/pick-from";
import { PopOver } from "@/components/choose/pop-over";
import { CONTROL, Field, SelectField } from "@/components/field";
import { ProblemLine } from "@/components/states";
import { cx } from "@/lib/cx";
import { choose as say } from "@/strings/choose";

type Props = {
  of: Offered;
  label: string;
  labelHidden?: boolean;
  hint?: string;
  error?: string | undefined;
  /** Its name in the form. */
  name?: string;
  /** What it begins with; where its name is not at hand it is asked for. */
  begins?: { id: string; name?: string | undefined } | null | undefined;
  /** Told of each choice. */
  onChoose?: (id: string, called: string) => void;
  /** Words for choosing none; without them one has to be chosen. */
  none?: string | undefined;
  without?: readonly (string | null | undefined)[];
  /** Left out while there is nothing to choose but none. */
  hideEmpty?: boolean;
  required?: boolean;
};

/**
 * One of all that there are of a kind. While they are few it is the platform's own select, right on every phone and
 * with every screen reader; where there are more, the server is asked for what one types.
 */
export function ChooseField({ of, label, labelHidden = false, hint, error, name, begins, onChoose, none, without = [], hideEmpty = false, required = false }: Props) {
  const [chosen, setChosen] = useState(begins?.id ?? "");
  const [called, setCalled] = useState(begins?.name);
  const [missing, setMissing] = useState(false);
  const offered = useOffered(of);
  const shown = useShown(of, chosen, called, offered.items);
  const items = offered.items.filter(({ id }) => !without.includes(id));
  const choose = (id: string, as?: string) => {
    setChosen(id);
    setCalled(as);
    onChoose?.(id, as ?? "");
  };
  if (hideEmpty && !chosen && items.length === 0 && !offered.error) return null;
  const common = { label, labelHidden, hint, error: error ?? (missing && !chosen ? say.missing : undefined) };
  if (!offered.more) {
    // What is chosen stays a choice, whatever became of it.
    const kept = chosen && !items.some(({ id }) => id === chosen) ? [{ value: chosen, label: shown }] : [];
    const choices = [...(none === undefined ? [] : [{ value: "", label: none }]), ...kept, ...items.map(({ id, label: each }) => ({ value: id, label: each }))];
    return (
      <div className="grid content-start gap-1">
        <SelectField {...common} name={name} required={required} value={chosen} onChange={(event) => choose(event.target.value, choices.find((each) => each.value === event.target.value)?.label)} choices={choices} />
        {offered.error !== null && <ProblemLine error={offered.error} retry={offered.retry} />}
      </div>
    );
  }
  return (
    <Field {...common}>
      {(wiring) => (
        <>
          <Chosen name={name} value={chosen} required={required} missing={setMissing} />
          <PopOver
            label={label}
            trigger={
              <button type="button" {...wiring} role="combobox" aria-required={required} className={cx(CONTROL, "flex h-8 items-center gap-1 text-left pointer-coarse:h-10", !chosen && "text-muted")}>
                <span className="min-w-0 flex-1 truncate">{chosen ? shown : (none ?? say.open)}</span>
                <ChevronDown size={14} aria-hidden="true" className="shrink-0 text-faint" />
              </button>
            }
          >
            {(close) => (
              <PickFrom
                of={of}
                label={label}
                chosen={chosen}
                without={without}
                first={none === undefined ? [] : [{ id: "", label: none }]}
                pick={(id, as) => {
                  choose(id, id ? as : undefined);
                  close();
                }}
              />
            )}
          </PopOver>
        </>
      )}
    </Field>
  );
}

type ChosenProps = { name: string | undefined; value: string; required: boolean; missing: (missing: boolean) => void };

/**
 * What is chosen, as the form knows it. The browser looks at it when the form is sent, as at any field: without a
 * choice that is required nothing is sent, it is said beside the field, and whoever is led here comes to the button.
 */
function Chosen({ name, value, required, missing }: ChosenProps) {
  return (
    <input
      name={name}
      value={value}
      required={required}
      tabIndex={-1}
      aria-hidden="true"
      autoComplete="off"
      className="sr-only"
      onChange={() => undefined}
      onFocus={({ target }) => (target.nextElementSibling as HTMLElement | null)?.focus()}
      onInvalid={(event) => {
        event.preventDefault();
        missing(true);
        const first = event.currentTarget.form?.querySelector(":invalid:not(fieldset)");
        if (first === event.currentTarget) event.currentTarget.focus();
      }}
    />
  );
}
