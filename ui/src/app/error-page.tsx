import { useQueryErrorResetBoundary } from "@tanstack/react-query";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { Link, useLocation, useRouter } from "@tanstack/react-router";

import { asProblem } from "@/api/problem";
import { placeOf } from "@/app/shell/nav";
import { Button, buttonClass } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { Page } from "@/components/page";
import { SkeletonRows } from "@/components/states";
import { usePageTitle } from "@/lib/title";
import { words } from "@/strings/common";
import { shell } from "@/strings/shell";

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const problem = asProblem(error);
  // A refusal of the server explains itself; anything else is a fault of this page.
  const known = problem.status > 0 || problem.code === "unreachable";
  const says = problem.status === 404 ? words.notFound : known ? words.couldNotLoad : shell.failed;
  const place = placeOf(useLocation().pathname);
  const queries = useQueryErrorResetBoundary();
  const again = () => {
    queries.reset();
    reset();
    void router.invalidate();
  };
  return (
    <Page title={place ? `${place}: ${says}` : says} answer={says} below={known ? undefined : shell.failedHelp}>
      <div role="alert" className="card grid max-w-[720px] gap-3 border-l-[3px] border-l-wrong p-4">
        <p className={known ? "break-words" : "font-mono text-s break-words"}>{problem.message}</p>
        <div className="flex flex-wrap gap-2">
          {/* What is not there will hardly be there the next moment. */}
          {problem.status === 404 && (
            <Link to="/" className={buttonClass("primary")}>
              {shell.toNow}
            </Link>
          )}
          <Button variant={problem.status === 404 ? "plain" : "primary"} onClick={again}>
            {words.tryAgain}
          </Button>
          {problem.status !== 404 && <Button onClick={() => window.location.reload()}>{shell.reload}</Button>}
          {!known && <CopyButton text={`${problem.message}\n${error instanceof Error ? (error.stack ?? "") : ""}\n${window.location.pathname}`} size="m" />}
        </div>
      </div>
    </Page>
  );
}

export function MissingPage() {
  return (
    <Page title={shell.missing} answer={shell.missing} below={shell.missingHelp}>
      <Link to="/" className={buttonClass("primary")}>
        {shell.toNow}
      </Link>
    </Page>
  );
}

/** The shape of a page while its first answer is on its way; unseen for the first 200 ms. */
export function PendingPage() {
  usePageTitle(placeOf(useLocation().pathname) ?? words.loading);
  return (
    <div className="w-full max-w-[1320px] px-4 pt-4 md:px-8 md:pt-6">
      <div className="skeleton mb-6 h-6 w-72 max-w-full" />
      <SkeletonRows />
    </div>
  );
}
