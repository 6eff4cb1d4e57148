import { fireEvent, screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { Palette } from "@/app/shell/palette";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

test("where tasks cannot be looked up the palette says so, rather than that there are none", async () => {
  server.use(
    http.get("*/api/v1/agents/names", () => HttpResponse.json({ items: [], present: 0 })),
    http.get("*/api/v1/tasks", () => HttpResponse.json({ status: 503, detail: "The database does not answer." }, { status: 503 })),
  );
  renderPart(<Palette onClose={() => undefined} />);
  fireEvent.change(await screen.findByRole("combobox"), { target: { value: "tariffs" } });
  expect(await screen.findByRole("alert")).toHaveTextContent("The database does not answer.");
  expect(screen.queryByText("Nothing found. Try fewer letters.")).toBeNull();
});
