import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { projectsQuery } from "@/api/projects";
import { SplitSelect } from "@/components/field";
import { Section } from "@/components/page";
import { SignalRules } from "@/components/signal-rules/signal-rules";
import { signalRules as say } from "@/strings/signal-rules";

const WORKSPACE = "";

/** The rules of the workspace, or of one of its projects; an agent's are on its page. */
export function SignalRulesSection() {
  const { data: projects } = useQuery(projectsQuery);
  const [project, setProject] = useState(WORKSPACE);
  const choices = [{ value: WORKSPACE, label: say.workspace }, ...(projects?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))];
  return (
    <Section title={say.title} aside={choices.length > 1 && <SplitSelect label={say.of} value={project} onChange={setProject} choices={choices} />}>
      <SignalRules key={project} label={say.title} scope={project === WORKSPACE ? "workspace" : "project"} subjectId={project || null} />
    </Section>
  );
}
