import { useQueryErrorResetBoundary } from "@tanstack/react-query";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { Link, useRouter } from "@tanstack/react-router";

import { asProblem } from "@/api/problem";
import { Button, buttonClass } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { Page } from "@/components/page";
import { words } from "@/strings/common";
import { shell } from "@/strings/shell";

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const problem = asProblem(error);
  const queries = useQueryErrorResetBoundary();
  const again = () => {
    queries.reset();
    reset();
    void router.invalidate();
  };
  return (
    <Page title={shell.failed} answer={shell.failed} below={shell.failedHelp}>
      <div role="alert" className="card grid max-w-[720px] gap-3 border-l-[3px] border-l-wrong p-4">
        <p className="font-mono text-s break-words">{problem.message}</p>
        <div className="flex flex-wrap gap-2">
          <Button variant="primary" onClick={again}>
            {words.tryAgain}
          </Button>
          <Button onClick={() => window.location.reload()}>{shell.reload}</Button>
          <CopyButton text={`${problem.message}\n${error instanceof Error ? (error.stack ?? "") : ""}\n${window.location.pathname}`} size="m" />
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
