import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { AgentTemplate, AgentTemplateDraft } from "@/api/types";

export const agentTemplateKeys = { all: ["agent-templates"] as const };

export const agentTemplatesQuery = queryOptions({
  queryKey: agentTemplateKeys.all,
  queryFn: async ({ signal }) => (await data<{ items: AgentTemplate[] }>(api.GET("/api/v1/agent-templates", { signal }))).items,
});

export const createAgentTemplate = (body: AgentTemplateDraft): Promise<AgentTemplate> => data<AgentTemplate>(api.POST("/api/v1/agent-templates", { body }));

/** Writes it whole. */
export const changeAgentTemplate = ({ id, version }: Pick<AgentTemplate, "id" | "version">, body: AgentTemplateDraft): Promise<AgentTemplate> =>
  data<AgentTemplate>(api.PUT("/api/v1/agent-templates/{template_id}", { params: { path: { template_id: id }, header: { "if-match": `"${version}"` } }, body }));

export const removeAgentTemplate = (id: string): Promise<unknown> => data(api.DELETE("/api/v1/agent-templates/{template_id}", { params: { path: { template_id: id } } }));
