import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Budget, BudgetDraft, Limit, LimitChange, LimitDraft, Page } from "@/api/types";

export const capKeys = { all: ["caps"] as const, budgets: ["caps", "budgets"] as const, limits: ["caps", "limits"] as const };

/** What is held moves with every call under way; it is asked for while somebody looks. */
const WATCHED_MS = 5_000;

export const budgetsQuery = queryOptions({
  queryKey: capKeys.budgets,
  queryFn: ({ signal }) => data<Page<Budget>>(api.GET("/api/v1/budgets", { signal })),
  refetchInterval: WATCHED_MS,
});

export const limitsQuery = queryOptions({
  queryKey: capKeys.limits,
  queryFn: ({ signal }) => data<Page<Limit>>(api.GET("/api/v1/limits", { signal })),
  refetchInterval: WATCHED_MS,
});

export const createBudget = (body: BudgetDraft): Promise<Budget> => data<Budget>(api.POST("/api/v1/budgets", { body }));

type Versioned = { id: string; version: number };
const of = ({ id, version }: Versioned) => ({ params: { path: { budget_id: id }, header: { "if-match": `"${version}"` } } });

export const raiseBudget = (budget: Versioned, amountNano: number): Promise<Budget> =>
  data<Budget>(api.PATCH("/api/v1/budgets/{budget_id}", { ...of(budget), body: { amount_nano: amountNano } }));
export const deleteBudget = (budget: Versioned): Promise<unknown> => data(api.DELETE("/api/v1/budgets/{budget_id}", of(budget)));

export const createLimit = (body: LimitDraft): Promise<Limit> => data<Limit>(api.POST("/api/v1/limits", { body }));

const ofLimit = ({ id, version }: Versioned) => ({ params: { path: { limit_id: id }, header: { "if-match": `"${version}"` } } });

export const changeLimit = (limit: Versioned, body: LimitChange): Promise<Limit> =>
  data<Limit>(api.PATCH("/api/v1/limits/{limit_id}", { ...ofLimit(limit), body }));
export const deleteLimit = (limit: Versioned): Promise<unknown> => data(api.DELETE("/api/v1/limits/{limit_id}", ofLimit(limit)));
