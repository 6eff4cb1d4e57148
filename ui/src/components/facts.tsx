import type { ReactNode } from "react";

export type Fact = { label: string; value: ReactNode; key?: string };

/** Names and values, two columns. */
export function Facts({ facts }: { facts: Fact[] }) {
  return (
    <dl className="grid grid-cols-[minmax(96px,auto)_minmax(0,1fr)] gap-x-4 gap-y-2 text-s">
      {facts.map((fact) => (
        <div key={fact.key ?? fact.label} className="contents">
          <dt className="text-muted">{fact.label}</dt>
          <dd className="min-w-0 break-words">{fact.value}</dd>
        </div>
      ))}
    </dl>
  );
}
