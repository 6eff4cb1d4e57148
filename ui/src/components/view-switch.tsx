import { Segmented } from "@/components/segmented";
import { words } from "@/strings/common";

export type View = "chart" | "table";

type Props = { value: View; onChange: (view: View) => void; /** What the chart is called. */ chart?: string };

/** Whether figures are drawn or stand in a table. */
export function ViewSwitch({ value, onChange, chart = words.chart }: Props) {
  return (
    <Segmented
      label={words.view}
      value={value}
      onChange={onChange}
      options={[
        { value: "chart", label: chart },
        { value: "table", label: words.table },
      ]}
    />
  );
}
