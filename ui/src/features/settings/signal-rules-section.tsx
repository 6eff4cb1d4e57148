import { useState } from "react";

import { ChooseField } from "@/components/choose/choose-field";
import { Section } from "@/components/page";
import { SignalRules } from "@/components/signal-rules/signal-rules";
import { signalRules as say } from "@/strings/signal-rules";

const WORKSPACE = "";

/** The rules of the workspace, or of one of its projects; an agent's are on its page. */
export function SignalRulesSection() {
  const [project, setProject] = useState(WORKSPACE);
  return (
    <Section title={say.title} aside={<ChooseField of="project" label={say.of} labelHidden none={say.workspace} onChoose={setProject} hideEmpty />}>
      <SignalRules key={project} label={say.title} scope={project === WORKSPACE ? "workspace" : "project"} subjectId={project || null} />
    </Section>
  );
}
