import { fireEvent, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { expect, test, vi } from "vitest";

import { Dialog } from "@/components/dialog";
import { TextField } from "@/components/field";
import type { ShownOnce } from "@/components/form-dialog";
import { FormDialog } from "@/components/form-dialog";
import { Menu, MenuItem } from "@/components/menu";
import { field } from "@/lib/form";
import { renderPart } from "@/testing/render";

async function opened(save: (form: FormData) => Promise<ShownOnce | undefined>) {
  const onClose = vi.fn();
  renderPart(
    <FormDialog title="New channel" act="Add" onClose={onClose} save={save}>
      <TextField label="Name" name="name" defaultValue="hook" />
    </FormDialog>,
  );
  fireEvent.click(await screen.findByRole("button", { name: "Add" }));
  return onClose;
}

test("the dialog closes when it was made", async () => {
  const made: string[] = [];
  const closed = await opened((form) => {
    made.push(field(form, "name"));
    return Promise.resolve(undefined);
  });
  await waitFor(() => expect(closed).toHaveBeenCalledOnce());
  expect(made).toEqual(["hook"]);
});

test("a refusal stands in the form and what was typed stays", async () => {
  const closed = await opened(() => Promise.reject(new Error("no such host")));
  await screen.findByRole("alert");
  expect(screen.getByLabelText<HTMLInputElement>("Name").value).toBe("hook");
  expect(closed).not.toHaveBeenCalled();
});

test("a secret is shown once and no slip of a key loses it", async () => {
  const closed = await opened(() => Promise.resolve([{ label: "Its secret", code: "whsec_1" }]));
  const secret = await screen.findByText("whsec_1");
  fireEvent.keyDown(secret, { key: "Escape" });
  expect(closed).not.toHaveBeenCalled();
  fireEvent.click(screen.getByRole("button", { name: "Done" }));
  expect(closed).toHaveBeenCalledOnce();
});

test("what opened a dialog has the focus again when it closes, also where a field took it at once", async () => {
  function Opened() {
    const [open, setOpen] = useState(false);
    return (
      <>
        <button onClick={() => setOpen(true)}>Open</button>
        {open && (
          <Dialog open onOpenChange={setOpen} title="New">
            <TextField label="Name" autoFocus />
          </Dialog>
        )}
      </>
    );
  }
  renderPart(<Opened />);
  const opener = await screen.findByRole("button", { name: "Open" });
  opener.focus();
  fireEvent.click(opener);
  await waitFor(() => expect(screen.getByLabelText("Name")).toHaveFocus());
  fireEvent.keyDown(screen.getByLabelText("Name"), { key: "Escape" });
  await waitFor(() => expect(opener).toHaveFocus());
});

test("a dialog that was opened from a menu gives the focus back to what opened the menu", async () => {
  function Opened() {
    const [open, setOpen] = useState(false);
    return (
      <>
        <Menu trigger={<button>More</button>}>
          <MenuItem onSelect={() => setOpen(true)}>Rename</MenuItem>
        </Menu>
        {open && (
          <Dialog open onOpenChange={setOpen} title="Rename">
            <p>Nothing to type</p>
          </Dialog>
        )}
      </>
    );
  }
  renderPart(<Opened />);
  const more = await screen.findByRole("button", { name: "More" });
  more.focus();
  fireEvent.keyDown(more, { key: "Enter" });
  fireEvent.click(await screen.findByRole("menuitem", { name: "Rename" }));
  fireEvent.keyDown(await screen.findByRole("dialog"), { key: "Escape" });
  await waitFor(() => expect(more).toHaveFocus());
});

test("a dialog begins at its first field that takes something, and gives the focus back to what opened it", async () => {
  renderPart(<Opened />);
  const opener = await screen.findByRole("button", { name: "Try it" });
  opener.focus();
  fireEvent.click(opener);
  await waitFor(() => expect(screen.getByLabelText("Model")).toHaveFocus());
  fireEvent.keyDown(screen.getByLabelText("Model"), { key: "Escape" });
  await waitFor(() => expect(opener).toHaveFocus());
});

function Opened() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Try it
      </button>
      {open && (
        <Dialog open onOpenChange={setOpen} title="Try a route">
          <TextField label="Route" value="default" disabled />
          <TextField label="Model" />
        </Dialog>
      )}
    </>
  );
}
