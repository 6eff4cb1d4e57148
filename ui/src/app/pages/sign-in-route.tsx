import { getRouteApi, useNavigate, useRouter } from "@tanstack/react-router";

import { BrandMark } from "@/app/shell/brand";
import { Toasts } from "@/components/toast";
import { SignInPage } from "@/features/session/sign-in-page";

const route = getRouteApi("/signin");

export function SignInRoute() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const router = useRouter();
  return (
    <>
      <SignInPage
        search={search}
        mark={<BrandMark size={30} />}
        onDone={(next) => router.history.push(next)}
        forgetToken={() => void navigate({ to: "/signin", search: { next: search.next }, replace: true })}
      />
      <Toasts />
    </>
  );
}
