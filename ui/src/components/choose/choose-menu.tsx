import type { ReactNode } from "react";

import type { Offered } from "@/components/choose/offered";
import { PickFrom } from "@/components/choose/pick-from";
import { PopOver } from "@/components/choose/pop-over";
import type { Pick } from "@/components/pick-list";

type Props = {
  of: Offered;
  label: string;
  trigger: ReactNode;
  align?: "start" | "end";
  onChoose: (id: string) => void;
  without?: readonly (string | null | undefined)[];
  last?: Pick[];
  none?: string | undefined;
};

/** An act that one of many is chosen for: its button opens them, and what one types finds the rest. */
export function ChooseMenu({ of, label, trigger, align = "end", onChoose, without, last, none }: Props) {
  return (
    <PopOver label={label} trigger={trigger} align={align}>
      {(close) => (
        <PickFrom
          of={of}
          label={label}
          without={without}
          last={last}
          none={none}
          pick={(id) => {
            close();
            onChoose(id);
          }}
        />
      )}
    </PopOver>
  );
}
