import { useState } from "react";

import type { Agent } from "@/api/types";
import { Section } from "@/components/page";
import { SignalRules } from "@/components/signal-rules/signal-rules";
import { signalRules as say } from "@/strings/signal-rules";

/** What is done when something is noticed about this agent; asked for when somebody opens it. */
export function AgentRules({ agent }: { agent: Agent }) {
  const [open, setOpen] = useState(false);
  return (
    <Section title={say.title}>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="card cursor-pointer px-4 py-2.5">{say.rulesOf(agent.name)}</summary>
        {open && (
          <div className="mt-2">
            <SignalRules label={say.rulesOf(agent.name)} scope="agent" subjectId={agent.id} />
          </div>
        )}
      </details>
    </Section>
  );
}
