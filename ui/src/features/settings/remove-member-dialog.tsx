import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { calledQuery } from "@/api/choices";
import { dutiesQuery, memberKeys, removeMember } from "@/api/members";
import { projectKeys } from "@/api/projects";
import { schedulesQuery } from "@/api/schedules";
import type { Duties, Member, Named } from "@/api/types";
import { ChooseField } from "@/components/choose/choose-field";
import { FormDialog } from "@/components/form-dialog";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { dutyLines, NAMED } from "@/features/settings/duties";
import { settings as say } from "@/strings/settings";

type Props = { member: Member; /** There is nobody else. */ alone: boolean; onClose: () => void };

/** Takes a member out, saying first what hangs on them and who takes it. */
export function RemoveMemberDialog({ member, alone, onClose }: Props) {
  const client = useQueryClient();
  const { data: duties, error, refetch } = useQuery(dutiesQuery(member.id));
  const [heir, setHeir] = useState<Named>();
  const lines = dutyLines(duties ?? NONE, useNames(duties));
  const save = async () => {
    try {
      await removeMember(member.id, lines.length > 0 ? heir?.id : undefined);
    } catch (problem) {
      // More may hang on them by now than was shown.
      await refetch();
      throw problem;
    }
    toast({ text: heir ? say.removedTo(member.name, heir.name) : say.removed(member.name), tone: "work" });
    // A project's new reviewer is told by no event of its own.
    await Promise.all([memberKeys.all, projectKeys.all].map((queryKey) => client.invalidateQueries({ queryKey })));
    return undefined;
  };
  return (
    <FormDialog title={say.removeTitle(member.name)} act={say.remove} danger ready={duties !== undefined} onClose={onClose} save={save}>
      <p className="text-muted">{say.removeHelp}</p>
      {error && !duties ? (
        <ProblemNote error={error} retry={() => void refetch()} />
      ) : !duties ? (
        <SkeletonRows rows={2} />
      ) : lines.length === 0 ? (
        <p>{say.noDuties(member.name)}</p>
      ) : (
        <>
          <ChooseField
            of="person"
            label={say.heir}
            required
            none={say.heirChoose}
            without={[member.id]}
            onChoose={(id, name) => setHeir(id ? { id, name } : undefined)}
            error={alone ? say.heirNone : undefined}
          />
          <div aria-live="polite" className="grid gap-1.5">
            <p>{heir ? say.passes(member.name, heir.name) : say.mustPass(member.name)}</p>
            <ul className="list-disc pl-5 wrap-anywhere">
              {lines.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </div>
        </>
      )}
    </FormDialog>
  );
}

const NONE: Duties = { tasks: [], reviews: [], agents: [], schedules: [], projects: [], goals: [] };

/** What those kinds are called of which there are few; only asked for where there are any. */
function useNames(duties: Duties = NONE): Map<string, string> {
  const { data: agents } = useQuery({ ...agentNamesQuery, enabled: duties.agents.length > 0 });
  const { data: schedules } = useQuery({ ...schedulesQuery, enabled: duties.schedules.length > 0 });
  const said = (["project", "goal"] as const).flatMap((of) => duties[`${of}s`].slice(0, NAMED).map((id) => ({ of, id })));
  const called = useQueries({ queries: said.map(({ of, id }) => calledQuery(of, id)) });
  const listed = [...(agents?.items ?? []), ...(schedules?.items ?? [])].map(({ id, name }) => [id, name] as const);
  return new Map([...listed, ...said.flatMap(({ id }, at) => (called[at]?.data ? [[id, called[at].data] as const] : []))]);
}
