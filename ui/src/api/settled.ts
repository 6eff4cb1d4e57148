import type { UseQueryResult } from "@tanstack/react-query";

type Asked = Pick<UseQueryResult, "isPending" | "failureCount" | "fetchStatus">;

/** Whether an answer is there, or will not be soon: what is tried again after a failure is not waited for. Pure. */
export const isSettled = ({ isPending, failureCount, fetchStatus }: Asked): boolean => !isPending || failureCount > 0 || fetchStatus !== "fetching";
