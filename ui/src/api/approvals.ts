import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Approval } from "@/api/types";

export const approvalKeys = { all: ["approvals"] as const, one: (id: string) => ["approvals", id] as const };

export const approvalQuery = (id: string) =>
  queryOptions({
    queryKey: approvalKeys.one(id),
    queryFn: ({ signal }) => data<Approval>(api.GET("/api/v1/approvals/{approval_id}", { params: { path: { approval_id: id } }, signal })),
  });

/** Holds for exactly the payload that was shown: its hash goes with the decision. */
export const decideApproval = (approval: Approval, verdict: "approve" | "deny"): Promise<Approval> =>
  data<Approval>(
    api.POST("/api/v1/approvals/{approval_id}/decision", { params: { path: { approval_id: approval.id } }, body: { verdict, payload_sha256: approval.payload_sha256 } }),
  );
