import { useQuery } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";

import { asProblem } from "@/api/problem";
import { sharedQuery } from "@/api/shares";
import { BrandMark } from "@/app/shell/brand";
import { Due } from "@/components/figures";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { SharedReport } from "@/features/costs/shared-report";
import { SharedTask } from "@/features/tasks/shared-task";
import { formatInstant } from "@/lib/format";
import { words } from "@/strings/common";
import { shares } from "@/strings/shares";

const say = shares.page;

/** What a shared link shows. Its secret stands behind the #, which browsers do not send. */
export function SharedRoute() {
  const token = useLocation({ select: (location) => location.hash });
  const { data, error, refetch } = useQuery({ ...sharedQuery(token), enabled: token !== "" });
  const note = data && (
    <>
      {say.by(data.shared_by, data.workspace)} {say.asOf} <time dateTime={data.as_of}>{formatInstant(data.as_of)}</time>. {say.until} <Due at={data.expires_at} />.
    </>
  );
  return (
    <div className="mx-auto max-w-[1160px]">
      <header className="flex items-center gap-2 px-4 pt-5 font-semibold md:px-8">
        <BrandMark size={20} /> {words.product}
      </header>
      <main>
        {token === "" ? (
          <Refused text={say.incomplete} />
        ) : error && !data ? (
          asProblem(error).status === 404 ? (
            <Refused text={asProblem(error).message} />
          ) : (
            <div className="p-8">
              <ProblemNote error={error} retry={() => void refetch()} />
            </div>
          )
        ) : !data ? (
          <div className="p-8">
            <SkeletonRows />
          </div>
        ) : data.task ? (
          <SharedTask task={data.task} note={note} />
        ) : (
          data.costs && <SharedReport report={data.costs} asOf={data.as_of} note={note} />
        )}
      </main>
    </div>
  );
}

function Refused({ text }: { text: string }) {
  return <h1 className="px-4 pt-16 pb-10 text-center text-l md:px-8">{text}</h1>;
}
