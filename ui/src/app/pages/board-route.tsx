import { getRouteApi } from "@tanstack/react-router";

import { BoardPage } from "@/features/tasks/board-page";

const route = getRouteApi("/inside/board");

export function BoardRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <BoardPage search={search} setSearch={(change) => void navigate({ search: { ...search, ...change }, replace: true })} />;
}
