import type { InputHTMLAttributes, ReactNode, SelectHTMLAttributes, TextareaHTMLAttributes } from "react";
import { useId } from "react";

import { cx } from "@/lib/cx";

/** How what one types in or chooses from looks. */
export const CONTROL =
  "w-full rounded-s border border-field-line/60 bg-surface px-2.5 text-base text-ink hover:border-field-line " +
  "focus-visible:border-accent focus-visible:outline-2 focus-visible:outline-offset-0 aria-invalid:border-wrong max-md:text-[16px]";

type Common = { label: string; hint?: ReactNode; error?: string | undefined; optional?: boolean; labelHidden?: boolean };
type Wiring = { id: string; "aria-describedby": string | undefined; "aria-invalid": true | undefined };

/** A label, its control, and under it a hint or what is wrong with the value. */
export function Field({ label, hint, error, labelHidden, children }: Common & { children: (wiring: Wiring) => ReactNode }) {
  const id = useId();
  const below = error ?? hint;
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className={cx("text-s font-[510]", labelHidden && "sr-only")}>
        {label}
      </label>
      {children({ id, "aria-describedby": below ? `${id}-below` : undefined, "aria-invalid": error ? true : undefined })}
      {below && (
        <div id={`${id}-below`} className={cx("text-s", error ? "text-wrong" : "text-faint")}>
          {below}
        </div>
      )}
    </div>
  );
}

type TextProps = Common & InputHTMLAttributes<HTMLInputElement>;

export function TextField({ label, hint, error, labelHidden, className, ...rest }: TextProps) {
  return (
    <Field label={label} hint={hint} error={error} labelHidden={labelHidden}>
      {(wiring) => <input {...wiring} {...rest} className={cx(CONTROL, "h-8 pointer-coarse:h-10", className)} />}
    </Field>
  );
}

export function AreaField({ label, hint, error, labelHidden, className, ...rest }: Common & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return (
    <Field label={label} hint={hint} error={error} labelHidden={labelHidden}>
      {(wiring) => <textarea rows={4} {...wiring} {...rest} className={cx(CONTROL, "py-1.5 leading-normal", className)} />}
    </Field>
  );
}

export type Choice = { value: string; label: string };

type SelectProps = Common & SelectHTMLAttributes<HTMLSelectElement> & { choices: Choice[] };

/** The platform's own select: right on every phone, with every screen reader. */
export function SelectField({ label, hint, error, labelHidden, className, choices, ...rest }: SelectProps) {
  return (
    <Field label={label} hint={hint} error={error} labelHidden={labelHidden}>
      {(wiring) => (
        <select {...wiring} {...rest} className={cx(CONTROL, "h-8 pr-7 pointer-coarse:h-10", className)}>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

type SplitProps<T extends string> = { label: string; value: T; onChange: (value: T) => void; choices: { value: T; label: string }[] };

/** A choice that is always made: its name stands before it. */
export function SplitSelect<T extends string>({ label, value, onChange, choices }: SplitProps<T>) {
  return (
    <label className="inline-flex h-8 items-center rounded-s border border-line-strong bg-surface text-s pointer-coarse:h-10 hover:border-field-line">
      <span className="pl-2.5 text-muted">{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value as T)} className="h-full rounded-s bg-transparent pr-6 pl-1.5 font-[510] max-md:text-[16px]">
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** How a filter looks in a row of them: quiet until it filters something; `bare` where a chip around it has the border. */
export const filterClass = (filters: boolean, bare: boolean): string =>
  cx(
    "max-w-[180px] min-w-0 [field-sizing:content] rounded-s pr-6 text-s text-ellipsis max-md:text-[16px]",
    bare ? "bg-transparent" : "bg-surface",
    bare ? "h-7 pl-1.5 pointer-coarse:h-10" : "h-[30px] border pointer-coarse:h-10 pl-2 hover:border-field-line",
    !bare && (filters ? "border-accent" : "border-line-strong"),
    filters ? "text-ink" : "text-muted",
  );

type FilterProps = { label: string; value: string; onChange: (value: string) => void; choices: Choice[]; bare?: boolean };

/** A select in a row of filters. */
export function FilterSelect({ label, value, onChange, choices, bare = false }: FilterProps) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className={filterClass(value !== "", bare)}
    >
      <option value="">{label}</option>
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
      {value && !choices.some((choice) => choice.value === value) && <option value={value}>{value}</option>}
    </select>
  );
}
