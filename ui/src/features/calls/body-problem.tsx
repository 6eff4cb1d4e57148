import { asProblem } from "@/api/problem";
import { ProblemNote } from "@/components/states";
import { calls } from "@/strings/calls";

/** Why a body is not there. That nothing was kept is no failure, so it is said calmly. */
export function BodyProblem({ error, retry }: { error: unknown; retry: () => void }) {
  const problem = asProblem(error);
  if (problem.code === "body_not_kept") return <p className="card px-4 py-3 text-muted">{problem.message}</p>;
  if (problem.status === 403) return <p className="card px-4 py-3 text-muted">{calls.talk.notAllowed}</p>;
  return <ProblemNote error={error} retry={retry} />;
}
