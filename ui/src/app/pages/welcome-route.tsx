import { Link } from "@tanstack/react-router";

import { leaveFirstSteps } from "@/api/first-visit";
import { BrandMark } from "@/app/shell/brand";
import { buttonClass } from "@/components/button";
import { ConnectSnippets, FirstCall } from "@/features/agents/connect";
import { useMakeAgent } from "@/features/agents/use-make-agent";
import { ProviderAsked } from "@/features/providers/provider-dialog";
import { WelcomePage } from "@/features/welcome/welcome-page";
import { words } from "@/strings/common";
import { welcome as say } from "@/strings/welcome";

export function WelcomeRoute() {
  const make = useMakeAgent();
  return (
    <WelcomePage
      head={(done) => (
        <header className="flex items-center gap-2 font-semibold">
          <BrandMark />
          {words.product}
          <Link to="/" className={buttonClass(done ? "plain" : "quiet") + " ml-auto"} onClick={leaveFirstSteps}>
            {done ? say.toNow : say.skip}
          </Link>
        </header>
      )}
      provide={(provider, problem) => <ProviderAsked provider={provider} problem={problem} />}
      make={(name) => make({ name })}
      connect={({ agent, secret }) => (
        <>
          <ConnectSnippets secret={secret} brief />
          <FirstCall agentId={agent.id} />
        </>
      )}
      wait={(agent) => <FirstCall agentId={agent.id} />}
    />
  );
}
