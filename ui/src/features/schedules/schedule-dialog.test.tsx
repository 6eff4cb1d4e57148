import { QueryClient } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { sessionQuery } from "@/api/session";
import type { Schedule, ScheduleChange, Session } from "@/api/types";
import { RotateDialog } from "@/features/schedules/rotate-dialog";
import { ScheduleDialog } from "@/features/schedules/schedule-dialog";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

const AT = "2026-11-30T09:00:00.000000Z";
const aSchedule = (change: Partial<Schedule> = {}): Schedule => ({
  id: "sch_1",
  name: "Weekly count",
  trigger: "cron",
  cron: "0 9 * * 1",
  zone: "Europe/Berlin",
  every_s: null,
  template: null,
  task: { title: "Count", brief: "All of it", ready: false, agent_id: "agt_gone", priority: "high", labels: ["weekly"] },
  variables: {},
  overlap: "queue",
  catch_up: "all",
  catch_up_limit: 3,
  pause_after: 5,
  owner: { id: "mem_1", name: "Sam" },
  state: "active",
  paused_reason: null,
  failures: 0,
  cron_words: null,
  next_firings: [AT],
  hook_path: null,
  secret_set: false,
  declared: false,
  created_at: AT,
  updated_at: AT,
  version: 4,
  ...change,
});

function shown(part: React.ReactElement) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(sessionQuery.queryKey, { member: { id: "mem_1", name: "Sam", role: "owner" } } as Session);
  for (const path of ["agents/names", "squads", "goals", "members", "schedules"]) server.use(http.get(`*/api/v1/${path}`, () => HttpResponse.json({ items: [], next: null })));
  return renderPart(part, client);
}

test("a schedule is changed from the version that was seen, and what the form does not show stays", async () => {
  const asked: { version: string | null; body: ScheduleChange }[] = [];
  const previewed: unknown[] = [];
  server.use(
    http.post("*/api/v1/schedules/preview", async ({ request }) => {
      const ask = (await request.json()) as { cron: string };
      previewed.push(ask);
      if (ask.cron === "0 9") return HttpResponse.json({ status: 422, title: "Invalid", code: "invalid", detail: "A cron line has five fields." }, { status: 422 });
      return HttpResponse.json({ cron_words: "At 09:00 on Monday through Friday", next_firings: [AT] });
    }),
    http.patch("*/api/v1/schedules/sch_1", async ({ request }) => {
      asked.push({ version: request.headers.get("if-match"), body: (await request.json()) as ScheduleChange });
      return HttpResponse.json(aSchedule());
    }),
  );
  shown(<ScheduleDialog schedule={aSchedule()} onClose={() => undefined} />);
  await screen.findByRole("list", { name: /Would fire next/ });
  expect(screen.getByText("At 09:00 on Monday through Friday, Europe/Berlin.")).toBeInTheDocument();
  expect(previewed).toEqual([{ cron: "0 9 * * 1", zone: "Europe/Berlin" }]);
  const cron = screen.getByLabelText("Cron line");
  fireEvent.change(cron, { target: { value: "0 9" } });
  await screen.findByText("A cron line has five fields.");
  fireEvent.change(cron, { target: { value: "0 7 * * 1" } });
  await waitFor(() => expect(screen.queryByText("A cron line has five fields.")).toBeNull());
  fireEvent.change(screen.getByLabelText("Pauses itself after so many failures in a row"), { target: { value: "7" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(asked).toHaveLength(1));
  expect(asked[0]).toEqual({
    version: '"4"',
    body: {
      name: "Weekly count",
      trigger: "cron",
      cron: "0 7 * * 1",
      zone: "Europe/Berlin",
      task: { title: "Count", brief: "All of it", ready: false, agent_id: "agt_gone", squad_id: null, goal_id: null, priority: "high", labels: ["weekly"] },
      variables: {},
      pause_after: 7,
      overlap: "queue",
      owner_id: "mem_1",
      catch_up: "all",
      catch_up_limit: 3,
    },
  });
});

test("variables in its texts have values to give, and those of a template what the template does not say", async () => {
  const asked: ScheduleChange[] = [];
  server.use(
    http.post("*/api/v1/schedules/preview", () => HttpResponse.json({ cron_words: null, next_firings: [AT] })),
    http.patch("*/api/v1/schedules/sch_1", async ({ request }) => {
      asked.push((await request.json()) as ScheduleChange);
      return HttpResponse.json(aSchedule());
    }),
    http.get("*/api/v1/task-templates", () =>
      HttpResponse.json({ items: [{ id: "tpl_1", name: "Report", variables: [{ name: "customer", default: null, description: "Whose week" }, { name: "tone", default: "plain", description: "" }] }], next: null }),
    ),
  );
  const save = async () => {
    const count = asked.length;
    fireEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(asked).toHaveLength(count + 1));
    return asked.at(-1)?.variables;
  };
  const { unmount } = shown(<ScheduleDialog schedule={aSchedule({ variables: { where: "Hall" } })} onClose={() => undefined} />);
  fireEvent.input(await screen.findByLabelText("Title of the task"), { target: { value: "Count {{what}} on {{date}} at {{where}}" } });
  fireEvent.input(screen.getByLabelText("what"), { target: { value: "chairs" } });
  expect(screen.queryByLabelText("date")).toBeNull();
  expect(await save()).toEqual({ what: "chairs", where: "Hall" });
  unmount();
  shown(<ScheduleDialog schedule={aSchedule({ template: { id: "tpl_1", name: "Report" }, task: null, variables: { customer: "Acme" } })} onClose={() => undefined} />);
  expect(await screen.findByLabelText("customer")).toHaveValue("Acme");
  expect(screen.getByText("Whose week")).toBeVisible();
  expect(screen.getByLabelText("tone")).toHaveAttribute("placeholder", "plain");
  expect(await save()).toEqual({ customer: "Acme" });
});

test("a webhook's new secret is shown once with the address it belongs to", async () => {
  server.use(http.post("*/api/v1/schedules/sch_1/secret", () => HttpResponse.json({ secret: "whsec_new" })));
  shown(<RotateDialog schedule={aSchedule({ trigger: "webhook", hook_path: "/api/v1/hooks/sch_1" })} onClose={() => undefined} />);
  fireEvent.click(await screen.findByRole("button", { name: "Make a new secret" }));
  await screen.findByText("whsec_new");
  expect(screen.getByText(/\/api\/v1\/hooks\/sch_1$/)).toBeInTheDocument();
});
