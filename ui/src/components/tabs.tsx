import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";

type Props = {
  label: string;
  value: string;
  onChange: (value: string) => void;
  tabs: { value: string; label: string; content: ReactNode }[];
};

/** Only the shown tab's content exists. */
export function Tabs({ label, value, onChange, tabs }: Props) {
  return (
    <Radix.Root value={value} onValueChange={onChange}>
      <Radix.List aria-label={label} className="scroll-quiet mb-4 flex gap-4 overflow-x-auto border-b border-line">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.value}
            value={tab.value}
            className="-mb-px h-9 pointer-coarse:h-11 border-b-2 border-transparent text-s whitespace-nowrap text-muted hover:text-ink data-[state=active]:border-ink data-[state=active]:font-[560] data-[state=active]:text-ink"
          >
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.value} value={tab.value} className="outline-none">
          {tab.value === value && tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
