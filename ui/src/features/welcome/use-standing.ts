import { useQueries } from "@tanstack/react-query";

import { checkedQuery } from "@/api/providers";
import type { CheckedProvider, Provider } from "@/api/types";
import type { ProviderProblem } from "@/components/provider-checked";
import { checkedTone, checkedWords } from "@/components/provider-checked";

/** So many are asked whether they let us in; whoever has more is no newcomer. */
const MOST = 5;

export type Standing = {
  /** One that lets us in, or of which only a call tells. */
  good?: { provider: Provider; checked: CheckedProvider | undefined };
  /** One that does not, and why; sooner one that can be mended here than one of the file. */
  bad?: { provider: Provider; problem: ProviderProblem };
  /** One that is being asked. */
  asked?: Provider;
};

/** How the providers stand: each is asked once whether it lets us in. */
export function useStanding(providers: Provider[]): Standing {
  const shown = providers.slice(0, MOST);
  const checks = useQueries({ queries: shown.map((provider) => ({ ...checkedQuery(provider), enabled: !provider.problem })) });
  const standing: Standing = {};
  const wrong = (bad: Standing["bad"]) => {
    if (!standing.bad || standing.bad.provider.declared) standing.bad = bad;
  };
  shown.forEach((provider, at) => {
    const check = checks[at];
    const checked = check?.data;
    if (check?.isLoading) standing.asked ??= provider;
    else if (provider.problem) wrong({ provider, problem: { words: provider.problem, secret: true } });
    // A question that failed says nothing about the provider: its first call will tell.
    else if (!checked || checkedTone(checked) !== "wrong") standing.good ??= { provider, checked };
    else wrong({ provider, problem: { words: checkedWords(checked), secret: checked.outcome === "refused" } });
  });
  return standing;
}
