import { fireEvent, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import { Problem } from "@/api/problem";
import { VirtualTable } from "@/components/virtual-table";
import { renderPart } from "@/testing/render";

test("more that could not be loaded is not asked for again until somebody says so", async () => {
  const loadMore = vi.fn();
  const failed = new Problem(503, "store_unavailable", "The database does not answer.");
  renderPart(
    <VirtualTable label="Calls" columns={[{ id: "name", header: "Name", cell: (row: { id: string }) => row.id }]} rows={[{ id: "a" }]} rowId={(row) => row.id} more loadMore={loadMore} failed={failed} footer="Loading older calls…" />,
  );
  expect(await screen.findByRole("alert")).toHaveTextContent("More could not be loaded. The database does not answer.");
  expect(screen.queryByText("Loading older calls…")).toBeNull();
  expect(loadMore).not.toHaveBeenCalled();
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(loadMore).toHaveBeenCalledOnce();
});
