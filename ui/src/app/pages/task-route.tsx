import { getRouteApi } from "@tanstack/react-router";

import { TaskPage } from "@/features/tasks/task-page";

const route = getRouteApi("/inside/tasks/$taskId");

export function TaskRoute() {
  const { taskId } = route.useParams();
  return <TaskPage key={taskId} taskId={taskId} />;
}
