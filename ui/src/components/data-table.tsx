import type { ColumnDef, SortFn } from "@tanstack/react-table";
import { createSortedRowModel, rowSortingFeature, tableFeatures, useTable } from "@tanstack/react-table";
import { ArrowDown, ArrowUp } from "lucide-react";
import type { ReactNode } from "react";
import { useMemo, useRef } from "react";

import { cx } from "@/lib/cx";
import { useScrolls } from "@/lib/use-scrolls";

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });

export type Column<T> = {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  /** Makes the column sortable by this value. */
  sort?: (row: T) => string | number;
  align?: "end";
  /** Left out where there is no room for it. */
  from?: "sm" | "md" | "lg";
  headerHidden?: boolean;
};

/** By the width of the table's own place, not of the window. */
export const FROM = { sm: "hidden @min-[520px]:table-cell", md: "hidden @min-[600px]:table-cell", lg: "hidden @min-[860px]:table-cell" } as const;

type Props<T> = { label: string; columns: Column<T>[]; rows: T[]; rowId: (row: T) => string; initialSort?: { id: string; desc: boolean }; /** Where there is little room its cells stand one below the other: for rows that hold controls. */ stacks?: boolean };

/** A table of everything at once, sorted here. Long lists use a virtual one. */
export function DataTable<T extends object>({ label, columns, rows, rowId, initialSort, stacks = false }: Props<T>) {
  const definitions = useMemo(() => columns.map((column) => definition(column)), [columns]);
  const table = useTable({
    features,
    columns: definitions,
    data: rows,
    getRowId: rowId,
    initialState: initialSort ? { sorting: [initialSort] } : {},
  });
  const place = useRef<HTMLDivElement>(null);
  const scrolls = useScrolls(place);
  const of = (id: string): Column<T> | undefined => columns.find((column) => column.id === id);
  return (
    <div ref={place} className="card @container relative overflow-x-auto" {...(scrolls ? { tabIndex: 0, role: "region", "aria-label": label } : {})}>
      <table className="w-full border-collapse" aria-label={label}>
        <thead className={cx(stacks && "@max-[519px]:sr-only")}>
          <tr>
            {table.getFlatHeaders().map((header) => {
              const column = of(header.id);
              const sorted = header.column.getIsSorted();
              return (
                <th
                  key={header.id}
                  scope="col"
                  aria-sort={sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : undefined}
                  className={cx(headClass, column?.align === "end" && "text-right", column?.from && FROM[column.from])}
                >
                  {header.column.getCanSort() ? (
                    <button type="button" onClick={header.column.getToggleSortingHandler()} className="inline-flex min-h-6 items-center gap-1 pointer-coarse:min-h-10 hover:text-ink">
                      {column?.header}
                      {sorted === "asc" && <ArrowUp size={11} aria-hidden="true" />}
                      {sorted === "desc" && <ArrowDown size={11} aria-hidden="true" />}
                    </button>
                  ) : (
                    <span className={cx(column?.headerHidden && "sr-only")}>{column?.header}</span>
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} className={rowClass} onClick={followRow}>
              {columns.map((column, at) => (
                <td key={column.id} className={cx(cellClass, stacks && column.from !== "lg" && STACKED, at === 0 ? nameClass : column.align === "end" ? "num text-right" : wordsClass, stacks && column.align === "end" && "@max-[519px]:text-left", column.from && FROM[column.from])}>
                  {column.cell(row.original)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const STACKED = "@max-[519px]:block @max-[519px]:px-4 @max-[519px]:not-first:pt-0 @max-[519px]:not-last:border-b-0 @max-[519px]:not-last:pb-1.5";

export const headClass = "border-b border-line px-3 py-2 text-left text-xs font-[510] whitespace-nowrap text-faint first:pl-4 last:pr-4";
export const cellClass = "border-b border-line px-3 py-[9px] align-middle first:pl-4 last:pr-4 group-last/row:border-b-0";
/** What a row is of is named by people: a name without a space in it breaks rather than squeeze the other columns. */
const nameClass = "min-w-[104px] @min-[600px]:min-w-[168px] [overflow-wrap:anywhere]";
/** Nor may what else is said of it push the rest out of sight; and it keeps room for a word. */
const wordsClass = "min-w-[92px] max-w-[420px] [overflow-wrap:anywhere]";
export const rowClass = "group/row hover:bg-sunken/60 has-[[data-row-link]:focus-visible]:bg-accent-soft";

/** A click anywhere on a row follows its link, unless the click meant something in the row or marked text. */
export function followRow(event: React.MouseEvent<HTMLElement>): void {
  const target = event.target as HTMLElement;
  // A menu or a dialog of the row stands elsewhere on the page, though its clicks come here.
  if (!event.currentTarget.contains(target) || target.closest("a,button,input,select,label") || window.getSelection()?.toString()) return;
  const link = event.currentTarget.querySelector<HTMLAnchorElement>("[data-row-link]");
  if (!link) return;
  if (event.metaKey || event.ctrlKey) window.open(link.href, "_blank", "noopener");
  else link.click();
}

function definition<T extends object>(column: Column<T>): ColumnDef<typeof features, T> {
  const { sort } = column;
  if (!sort) return { id: column.id, enableSorting: false };
  const byValue: SortFn<typeof features, T> = (a, b) => {
    const [left, right] = [sort(a.original), sort(b.original)];
    return typeof left === "string" && typeof right === "string" ? left.localeCompare(right) : Number(left) - Number(right);
  };
  return { id: column.id, accessorFn: sort, sortFn: byValue, sortDescFirst: column.align === "end" };
}
