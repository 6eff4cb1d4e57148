import { getRouteApi } from "@tanstack/react-router";

import { TeachConnect } from "@/features/agents/teach-connect";
import { BoardPage } from "@/features/tasks/board-page";

const route = getRouteApi("/inside/board");

export function BoardRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <BoardPage teach={(onDone) => <TeachConnect onDone={onDone} />} search={search} setSearch={(change) => void navigate({ search: { ...search, ...change }, replace: true })} />;
}
