import { Bookmark, Check } from "lucide-react";
import { useState } from "react";

import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { TextField } from "@/components/field";
import { FormActions } from "@/components/form-actions";
import { Menu, MenuItem, MenuLine } from "@/components/menu";
import type { CallsSearch } from "@/features/calls/search";
import type { View } from "@/features/calls/views";
import { loadViews, saveViews, viewOf, withView } from "@/features/calls/views";
import { field } from "@/lib/form";
import { calls } from "@/strings/calls";
import { words } from "@/strings/common";

const say = calls.views;

type Props = { search: CallsSearch; show: (search: CallsSearch) => void };

/** Filters under a name: to be shown again, named, forgotten. */
export function SavedViews({ search, show }: Props) {
  const [views, setViews] = useState(loadViews);
  const [naming, setNaming] = useState(false);
  const current = viewOf(views, search);
  const filtered = Object.values(search).some(Boolean);
  const keep = (next: View[]) => {
    saveViews(next);
    setViews(next);
  };
  return (
    <>
      <Menu
        label={say.help}
        trigger={
          <Button>
            <Bookmark size={13} aria-hidden="true" /> <span className="max-w-[160px] truncate">{current?.name ?? say.title}</span>
          </Button>
        }
      >
        {views.map((view) => (
          <MenuItem key={view.name} onSelect={() => show(view.search)}>
            <Check size={13} aria-hidden="true" className={view === current ? undefined : "invisible"} />
            <span className="truncate">{view.name}</span>
            {view === current && <span className="sr-only">, {say.shown}</span>}
          </MenuItem>
        ))}
        {views.length > 0 && <MenuLine />}
        <MenuItem disabled={!filtered || current !== undefined} onSelect={() => setNaming(true)}>
          {say.save}
        </MenuItem>
        {current && (
          <MenuItem danger onSelect={() => keep(views.filter((each) => each !== current))}>
            {say.forget(current.name)}
          </MenuItem>
        )}
      </Menu>
      {naming && (
        <Dialog open onOpenChange={() => setNaming(false)} title={say.saveTitle} description={say.help}>
          <form
            className="grid gap-4"
            onSubmit={(event) => {
              event.preventDefault();
              keep(withView(views, { name: field(new FormData(event.currentTarget), "name").trim(), search }));
              setNaming(false);
            }}
          >
            <TextField label={say.name} name="name" required maxLength={60} pattern=".*\S.*" autoComplete="off" />
            <FormActions>
              <Button onClick={() => setNaming(false)}>{words.cancel}</Button>
              <Button type="submit" variant="primary">
                {say.act}
              </Button>
            </FormActions>
          </form>
        </Dialog>
      )}
    </>
  );
}
