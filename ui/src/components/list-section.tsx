import { Plus } from "lucide-react";
import { type ReactNode, useMemo } from "react";

import { Button } from "@/components/button";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Section } from "@/components/page";
import { ProblemNote, SkeletonRows } from "@/components/states";

type Props<Row> = {
  say: { title: string; add: string; empty: string };
  /** What there is; undefined while that is not known. */
  rows: Row[] | undefined;
  query: { error: unknown; refetch: () => unknown };
  columns: Column<Row>[];
  /** Without it nothing may be added, nor is there a column `act`. */
  onAdd: (() => void) | undefined;
  small?: boolean;
  className?: string;
  /** The dialogs. */
  children: ReactNode;
};

/** A part of a page that lists what a team keeps few of, with the way to add to it. */
export function ListSection<Row extends { id: string }>({ say, rows, query: { error, refetch }, columns, onAdd, small = false, className, children }: Props<Row>) {
  const mayAct = onAdd !== undefined;
  const shown = useMemo(() => (mayAct ? columns : columns.filter(({ id }) => id !== "act")), [columns, mayAct]);
  return (
    <Section
      title={say.title}
      className={className}
      aside={
        onAdd && (
          <Button size={small ? "s" : undefined} onClick={onAdd}>
            <Plus size={small ? 13 : 14} aria-hidden="true" /> {say.add}
          </Button>
        )
      }
    >
      {!!error && !rows && <ProblemNote error={error} retry={() => void refetch()} />}
      {!rows && !error && <SkeletonRows rows={2} />}
      {rows?.length === 0 && <p className="max-w-[64ch] text-muted">{say.empty}</p>}
      {rows && rows.length > 0 && <DataTable label={say.title} columns={shown} rows={rows} rowId={(row) => row.id} />}
      {children}
    </Section>
  );
}
