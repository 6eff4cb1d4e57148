import type { Budget } from "@/api/types";

/** Of a budget's windows (one for each run, or for each agent it covers) the one nearest its cap. */
export function fullest(budget: Pick<Budget, "windows">): Budget["windows"][number] | undefined {
  return budget.windows.reduce<Budget["windows"][number] | undefined>((most, each) => (most === undefined || each.percent > most.percent ? each : most), undefined);
}
