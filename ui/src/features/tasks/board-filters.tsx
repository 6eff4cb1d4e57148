import { useQuery } from "@tanstack/react-query";
import { SlidersHorizontal } from "lucide-react";
import { useState } from "react";

import { squadsQuery } from "@/api/squads";
import type { Priority } from "@/api/types";
import { Button } from "@/components/button";
import { ChooseFilter } from "@/components/choose/choose-filter";
import { FilterSelect } from "@/components/field";
import { SearchBox } from "@/components/search-box";
import { Segmented } from "@/components/segmented";
import type { BoardSearch, BoardShow, Lanes } from "@/features/tasks/search";
import { LANES, SHOWS } from "@/features/tasks/search";
import { choicesOf } from "@/lib/form";
import { usePhone } from "@/lib/media";
import { priorities } from "@/strings/common";
import { tasks as say } from "@/strings/tasks";

type Props = { search: BoardSearch; setSearch: (change: Partial<BoardSearch>) => void };

const NOBODY = "none";

/** What is shown and how; all of it lives in the address. */
export function BoardFilters({ search, setSearch }: Props) {
  const phone = usePhone();
  const [open, setOpen] = useState(false);
  const filtered = Boolean(search.agent ?? search.squad ?? search.project ?? search.goal ?? search.priority ?? search.label ?? search.show ?? search.q);
  return (
    <div className="mb-4 flex flex-wrap items-center gap-2">
      <SearchBox label={say.filterText} value={search.q ?? ""} search={(q) => setSearch({ q: q || undefined })} className="max-md:basis-full md:w-[170px]" />
      {phone && (
        <Button aria-expanded={open} onClick={() => setOpen(!open)} variant={filtered ? "primary" : "plain"}>
          <SlidersHorizontal size={13} aria-hidden="true" /> {say.filters}
        </Button>
      )}
      {(!phone || open) && <Choices search={search} setSearch={setSearch} filtered={filtered} />}
      <span className="ml-auto flex flex-wrap items-center gap-2 max-md:ml-0">
        {(search.view ?? "board") === "board" && !phone && (
          <FilterSelect
            label={say.lanes.none}
            value={search.lanes ?? ""}
            onChange={(lanes) => setSearch({ lanes: (lanes || undefined) as Lanes | undefined })}
            choices={LANES.map((value) => ({ value, label: say.lanes[value] }))}
          />
        )}
        <Segmented
          label={say.views.label}
          value={search.view ?? "board"}
          onChange={(view) => setSearch({ view: view === "board" ? undefined : view })}
          options={[
            { value: "board", label: say.views.board },
            { value: "list", label: say.views.list },
            { value: "table", label: say.views.table },
          ]}
        />
      </span>
    </div>
  );
}

function Choices({ search, setSearch, filtered }: Props & { filtered: boolean }) {
  const { data: squads } = useQuery(squadsQuery);
  return (
    <>
      <ChooseFilter of="agent" label={say.anyAgent} value={search.agent ?? ""} onChange={(agent) => setSearch({ agent: agent || undefined })} none={{ id: NOBODY, label: say.nobody }} />
      {squads && squads.length > 0 && (
        <FilterSelect
          label={say.anySquad}
          value={search.squad ?? ""}
          onChange={(squad) => setSearch({ squad: squad || undefined })}
          choices={squads.map((squad) => ({ value: squad.id, label: squad.name }))}
        />
      )}
      <ChooseFilter of="project" label={say.anyProject} value={search.project ?? ""} onChange={(project) => setSearch({ project: project || undefined })} none={{ id: NOBODY, label: say.noProject }} hideEmpty />
      <ChooseFilter of="goal" label={say.anyGoal} value={search.goal ?? ""} onChange={(goal) => setSearch({ goal: goal || undefined })} none={{ id: NOBODY, label: say.noGoal }} hideEmpty />
      <FilterSelect
        label={say.anyPriority}
        value={search.priority ?? ""}
        onChange={(priority) => setSearch({ priority: (priority || undefined) as Priority | undefined })}
        choices={choicesOf(priorities)}
      />
      <FilterSelect
        label={say.shows.all}
        value={search.show ?? ""}
        onChange={(show) => setSearch({ show: (show || undefined) as BoardShow | undefined })}
        choices={SHOWS.map((value) => ({ value, label: say.shows[value] }))}
      />
      {filtered && (
        <Button variant="quiet" onClick={() => setSearch({ agent: undefined, squad: undefined, project: undefined, goal: undefined, priority: undefined, label: undefined, show: undefined, q: undefined })}>
          {say.clearFilters}
        </Button>
      )}
    </>
  );
}
