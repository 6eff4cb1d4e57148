import type { ReactNode } from "react";
import { Fragment, useState } from "react";

import type { Provider } from "@/api/types";
import { Button } from "@/components/button";
import type { ProviderProblem } from "@/components/provider-checked";
import { Step } from "@/features/welcome/step";
import type { Standing } from "@/features/welcome/use-standing";
import { welcome } from "@/strings/welcome";

const say = welcome.provider;

type Props = { standing: Standing; open: boolean; provide: (provider: Provider | undefined, problem: ProviderProblem | undefined) => ReactNode };

/** A provider that lets us in. One that does not is mended here, or another one takes its place. */
export function ProviderStep({ standing: { good, bad, asked }, open, provide }: Props) {
  const [other, setOther] = useState(false);
  // What is typed stays while what was just saved is asked.
  const [begun, setBegun] = useState(false);
  if (open && !asked && !begun) setBegun(true);
  const done = good !== undefined;
  // One of the file is mended there: here only another one helps.
  const mends = other || bad?.provider.declared ? undefined : bad;
  return (
    <Step number={2} done={done} title={good?.provider.name ?? say.title}>
      {open &&
        (asked && !begun ? (
          <p role="status" className="text-s text-muted">
            {say.asking(asked.name)}
          </p>
        ) : (
          <>
            {bad?.provider.declared && (
              <p role="status" className="text-s break-words text-wrong">
                {say.declared(bad.provider.name, bad.problem.words)}
              </p>
            )}
            <Fragment key={String(other)}>{provide(mends?.provider, mends?.problem)}</Fragment>
            {bad && !bad.provider.declared && (
              <p>
                <Button variant="quiet" size="s" onClick={() => setOther(!other)}>
                  {other ? say.back(bad.provider.name) : say.other}
                </Button>
              </p>
            )}
          </>
        ))}
    </Step>
  );
}
