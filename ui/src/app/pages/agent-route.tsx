import { getRouteApi } from "@tanstack/react-router";

import { AgentPage } from "@/features/agents/agent-page";

const route = getRouteApi("/inside/agents/$agentId");

export function AgentRoute() {
  const { agentId } = route.useParams();
  return <AgentPage key={agentId} agentId={agentId} />;
}
