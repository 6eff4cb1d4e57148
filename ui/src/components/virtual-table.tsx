import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { RefreshCw } from "lucide-react";
import { memo, useEffect, useLayoutEffect, useRef, useState } from "react";

import { asProblem } from "@/api/problem";
import { Button } from "@/components/button";
import type { Column } from "@/components/data-table";
import { cellClass, followRow, FROM, headClass, rowClass } from "@/components/data-table";
import { cx } from "@/lib/cx";
import { useLater } from "@/lib/use-later";
import { words } from "@/strings/common";

type Props<T> = {
  label: string;
  columns: (Column<T> & { width?: string })[];
  rows: T[];
  rowId: (row: T) => string;
  rowHeight?: number;
  fresh?: (row: T) => boolean;
  more: boolean;
  loadMore: () => void;
  /** Why the last wish for more was not met: it is not made again until somebody says so. */
  failed?: Error | null | undefined;
  footer: React.ReactNode;
  ref?: React.Ref<HTMLDivElement>;
};

/** A table of any length that scrolls with the page. Only rows near the window exist. */
export function VirtualTable<T>({ label, columns, rows, rowId, rowHeight = 41, fresh, more, loadMore, failed, footer, ref }: Props<T>) {
  const body = useRef<HTMLTableSectionElement>(null);
  // Not known before the table stands in the page: its rows are drawn once it is, those alone that can be seen.
  const [top, setTop] = useState<number>();
  useLayoutEffect(() => {
    if (body.current) setTop(body.current.getBoundingClientRect().top + window.scrollY);
  }, [rows.length]);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: useLater() ? 12 : 2,
    scrollMargin: top ?? 0,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : rowId(row);
    },
  });
  const shown = top === undefined ? [] : virtual.getVirtualItems();
  const [first, last] = [shown[0], shown[shown.length - 1]];
  const lastIndex = last?.index ?? 0;
  useEffect(() => {
    if (more && !failed && lastIndex >= rows.length - 20) loadMore();
  }, [more, failed, lastIndex, rows.length, loadMore]);
  const before = first ? first.start - (top ?? 0) : 0;
  const after = last ? virtual.getTotalSize() - (last.end - (top ?? 0)) : 0;
  return (
    <div ref={ref} className="card @container relative overflow-x-clip">
      <table className="w-full table-fixed border-collapse" aria-label={label} aria-rowcount={more ? -1 : rows.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" className={cx(headClass, column.align === "end" && "text-right", column.from && FROM[column.from], column.width)}>
                <span className={cx(column.headerHidden && "sr-only")}>{column.header}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {before > 0 && <Gap height={before} />}
          {shown.map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return (
              <Row key={item.key} row={row} index={item.index} columns={columns} height={rowHeight} fresh={fresh?.(row) ?? false} />
            );
          })}
          {after > 0 && <Gap height={after} />}
        </tbody>
      </table>
      {failed && more ? (
        <p role="alert" className="flex flex-wrap items-center justify-center gap-x-3 gap-y-1.5 border-t border-line px-4 py-2.5 text-s text-wrong">
          <span className="min-w-0 wrap-anywhere">
            {words.noMore} {asProblem(failed).message}
          </span>
          <Button size="s" onClick={loadMore}>
            <RefreshCw size={12} aria-hidden="true" /> {words.tryAgain}
          </Button>
        </p>
      ) : (
        <p className="border-t border-line px-4 py-2.5 text-center text-s text-faint">{footer}</p>
      )}
    </div>
  );
}

type RowProps<T> = { row: T; index: number; columns: Column<T>[]; height: number; fresh: boolean };

/** Scrolling moves rows; it does not render again those that stay. */
const Row = memo(function Row<T>({ row, index, columns, height, fresh }: RowProps<T>) {
  return (
    <tr aria-rowindex={index + 2} onClick={followRow} style={{ height }} className={cx(rowClass, "cursor-default", fresh && "animate-fresh")}>
      {columns.map((column) => (
        <td key={column.id} className={cx(cellClass, "truncate py-0", column.align === "end" && "num text-right", column.from && FROM[column.from])}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}) as <T>(props: RowProps<T>) => React.ReactNode;

/** One cell only: a span over columns that are hidden here would bring them back as empty space. */
function Gap({ height }: { height: number }) {
  return (
    <tr aria-hidden="true" style={{ height }}>
      <td />
    </tr>
  );
}
