import { Outlet } from "@tanstack/react-router";

import { LiveProvider } from "@/app/shell/live-context";
import { Toasts } from "@/components/toast";

/** Around a page that is done before all others: live, and nothing beside it to read. */
export function BareShell() {
  return (
    <LiveProvider>
      <main id="main" tabIndex={-1} className="min-h-dvh min-w-0 outline-none">
        <Outlet />
      </main>
      <Toasts />
    </LiveProvider>
  );
}
