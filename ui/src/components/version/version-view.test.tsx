import { screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { afterEach, expect, test, vi } from "vitest";

import type { Deliverable, DeliverableKind } from "@/api/types";
import { VersionView } from "@/components/version/version-view";
import { renderPart } from "@/testing/render";
import { aVersion } from "@/testing/rows";
import { server } from "@/testing/server";

const notes = { onPick: () => undefined, under: () => null };
const handedIn = (kind: DeliverableKind, name: string): Deliverable => ({ id: "dlv_1", task_id: "tsk_1", name, kind, latest: 1, created_at: "2026-11-23T10:00:00.000000Z", versions: [aVersion()] });

function shown(kind: DeliverableKind, text: string, name = "result") {
  server.use(http.get("*/api/v1/deliverables/dlv_1/versions/1", () => HttpResponse.json({ ...aVersion(), deliverable_id: "dlv_1", task_id: "tsk_1", name, kind, text })));
  renderPart(<VersionView deliverable={handedIn(kind, name)} version={aVersion()} before={undefined} notes={notes} />);
}

afterEach(() => vi.unstubAllGlobals());

test("data is read as data before it is read by lines: a table, and JSON laid out", async () => {
  shown("csv", "name,mail\nAna,ana@example.com\n");
  expect(await screen.findByRole("columnheader", { name: "mail" })).toBeVisible();
  expect(screen.getByRole("button", { name: "Lines" })).toBeVisible();
});

test("JSON on one line is laid out", async () => {
  shown("json", '{"price":1.50}');
  expect(await screen.findByText('"price": 1.50', { exact: false })).toBeVisible();
});

test("a PDF is shown by the browser's viewer, as nothing but a PDF; without one it is there to be saved", async () => {
  const made: Blob[] = [];
  server.use(http.get("*/api/v1/deliverables/dlv_1/versions/1/content", () => new HttpResponse("%PDF-1.4", { headers: { "content-type": "text/html" } })));
  vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: (blob: Blob) => `blob:${made.push(blob)}`, revokeObjectURL: () => undefined }));
  Object.defineProperty(navigator, "pdfViewerEnabled", { value: true, configurable: true });
  const { unmount } = renderPart(<VersionView deliverable={handedIn("pdf", "report.pdf")} version={aVersion()} before={undefined} />);
  expect(await screen.findByTitle("report.pdf, version 1")).toHaveAttribute("src", "blob:1");
  expect(made[0]?.type).toBe("application/pdf");
  unmount();
  Object.defineProperty(navigator, "pdfViewerEnabled", { value: false, configurable: true });
  renderPart(<VersionView deliverable={handedIn("pdf", "report.pdf")} version={aVersion()} before={undefined} />);
  expect(await screen.findByText(/shows no PDF/)).toBeVisible();
  expect(screen.getByRole("link", { name: "Save the file" })).toBeVisible();
});

test("a file that was handed in without saying its kind is shown as what its media type says", async () => {
  server.use(http.get("*/api/v1/deliverables/dlv_1/versions/1/content", () => new HttpResponse("%PDF-1.4", { headers: { "content-type": "application/pdf" } })));
  vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: () => "blob:1", revokeObjectURL: () => undefined }));
  Object.defineProperty(navigator, "pdfViewerEnabled", { value: true, configurable: true });
  const view = (media_type: string) => <VersionView deliverable={handedIn("file", "result")} version={{ ...aVersion(), media_type }} before={undefined} />;
  const { unmount } = renderPart(view("application/pdf"));
  expect(await screen.findByTitle("result, version 1")).toHaveAttribute("src", "blob:1");
  unmount();
  const picture = renderPart(view("image/png"));
  expect(await screen.findByRole("img", { name: "result, version 1" })).toHaveAttribute("src", "blob:1");
  picture.unmount();
  renderPart(view("image/svg+xml"));
  expect(await screen.findByText("image/svg+xml", { exact: false })).toBeVisible();
  expect(screen.queryByRole("img", { name: "result, version 1" })).toBeNull();
});
