import type { QueryClient } from "@tanstack/react-query";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate, useRouter } from "@tanstack/react-router";

import { urgentAgentsQuery } from "@/api/agents";
import { isFirstVisit, leftFirstSteps } from "@/api/first-visit";
import { mayNow } from "@/api/may";
import { BrandMark } from "@/app/shell/brand";
import { Toasts } from "@/components/toast";
import { SignInPage } from "@/features/session/sign-in-page";

const route = getRouteApi("/signin");

/** Nobody stands longer before the open door because the answer is slow. */
const PATIENCE_MS = 2_000;

/** Whether nobody has called a model here yet, so that there is nothing to see but the first steps. Now finds out for itself what could not be asked. */
async function isFresh(client: QueryClient): Promise<boolean> {
  if (leftFirstSteps() || !mayNow(client, "administer")) return false;
  const slow = new Promise<false>((resolve) => setTimeout(resolve, PATIENCE_MS, false));
  return Promise.race([client.query(urgentAgentsQuery).then(isFirstVisit, () => false), slow]);
}

export function SignInRoute() {
  const client = useQueryClient();
  const search = route.useSearch();
  const navigate = useNavigate();
  const router = useRouter();
  return (
    <>
      <SignInPage
        search={search}
        mark={<BrandMark size={30} />}
        // Whoever goes back from the first page leaves the house, and does not stand before its door.
        onDone={async (next) => router.history.replace(next === "/" && (await isFresh(client)) ? "/welcome" : next)}
        forgetToken={() => void navigate({ to: "/signin", search: { next: search.next }, replace: true })}
      />
      <Toasts />
    </>
  );
}
