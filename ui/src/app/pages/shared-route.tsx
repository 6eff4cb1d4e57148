import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";

import { asProblem } from "@/api/problem";
import { sharedQuery } from "@/api/shares";
import { BrandMark } from "@/app/shell/brand";
import { buttonClass } from "@/components/button";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { SharedReport } from "@/features/costs/shared-report";
import { SharedTask } from "@/features/tasks/shared-task";
import { cx } from "@/lib/cx";
import { formatInstant } from "@/lib/format";
import { usePageTitle } from "@/lib/title";
import { words } from "@/strings/common";
import { shares } from "@/strings/shares";

const say = shares.page;

/** What a shared link shows. Its secret stands behind the #, which browsers do not send. */
export function SharedRoute() {
  const token = useLocation({ select: (location) => location.hash });
  const { data, error, refetch } = useQuery({ ...sharedQuery(token), enabled: token !== "" });
  const note = data && (
    <>
      {say.by(data.shared_by, data.workspace)} {say.asOf} <time dateTime={data.as_of}>{formatInstant(data.as_of)}</time>. {say.until} <time dateTime={data.expires_at}>{formatInstant(data.expires_at)}</time>.
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
            <div className="p-4 md:p-8">
              <ProblemNote error={error} retry={() => void refetch()} />
            </div>
          )
        ) : !data ? (
          <div className="p-4 md:p-8">
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

/** The link opens nothing: why, and what to do about it. */
function Refused({ text }: { text: string }) {
  usePageTitle(say.refused);
  return (
    <div className="mx-auto grid max-w-[480px] justify-items-center gap-2 px-4 pt-[12vh] pb-10 text-center">
      <h1 className="text-l font-semibold">{text}</h1>
      <p className="text-muted">{say.instead}</p>
      <Link to="/" className={cx(buttonClass(), "mt-2")}>
        {say.signIn}
      </Link>
    </div>
  );
}
