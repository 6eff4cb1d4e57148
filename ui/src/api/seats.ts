import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { SeatPriceDraft, SeatPrices } from "@/api/types";

export const seatKeys = { all: ["seats"] as const, of: (agentId: string) => ["seats", agentId] as const };

const path = (agentId: string) => ({ path: { agent_id: agentId } });

export const seatPricesQuery = (agentId: string) =>
  queryOptions({
    queryKey: seatKeys.of(agentId),
    queryFn: ({ signal }) => data<SeatPrices>(api.GET("/api/v1/agents/{agent_id}/seat_prices", { params: path(agentId), signal })),
  });

export const setSeatPrice = (agentId: string, body: SeatPriceDraft): Promise<SeatPrices> =>
  data<SeatPrices>(api.POST("/api/v1/agents/{agent_id}/seat_prices", { params: path(agentId), body }));
