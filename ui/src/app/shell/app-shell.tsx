import { Outlet, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useState } from "react";

import { PendingPage } from "@/app/error-page";
import { KeysHelp } from "@/app/shell/keys-help";
import { LiveProvider } from "@/app/shell/live-context";
import { PAGES } from "@/app/shell/nav";
import { Palette } from "@/app/shell/palette";
import { PhoneBottom, PhoneTop } from "@/app/shell/phone-bars";
import { Sidebar } from "@/app/shell/sidebar";
import { Toasts } from "@/components/toast";
import { useHotkeys } from "@/lib/hotkeys";
import { useLater } from "@/lib/use-later";
import { shell } from "@/strings/shell";

export function AppShell() {
  const navigate = useNavigate();
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const [more, setMore] = useState(false);
  useHotkeys({
    "mod+k": () => setPalette((open) => !open),
    "?": () => setHelp(true),
    c: () => void navigate({ to: "/board", search: { new: true } }),
    "/": () => document.querySelector<HTMLInputElement>("[data-filter]")?.focus(),
    ...Object.fromEntries(PAGES.map((page) => [page.key, () => void navigate({ to: page.to })])),
  });
  return (
    <LiveProvider>
      <a
        href="#main"
        className="fixed top-2 left-2 z-50 -translate-y-16 rounded-s bg-accent px-3 py-2 text-on-accent focus:translate-y-0"
      >
        {shell.skip}
      </a>
      <div className="min-h-dvh md:grid md:grid-cols-[212px_minmax(0,1fr)]">
        <Sidebar onFind={() => setPalette(true)} />
        <div className="min-w-0">
          <PhoneTop onFind={() => setPalette(true)} />
          <main id="main" tabIndex={-1} className="min-w-0 outline-none">
            <AfterFrame>
              <Outlet />
            </AfterFrame>
          </main>
        </div>
      </div>
      <PhoneBottom more={more} onMore={setMore} />
      {palette && <Palette onClose={() => setPalette(false)} />}
      <KeysHelp open={help} onOpenChange={setHelp} />
      <Toasts />
    </LiveProvider>
  );
}

/** The first page is drawn in small steps once the frame around it stands, not in one with it that holds everything else up. */
function AfterFrame({ children }: { children: ReactNode }) {
  return useLater() ? children : <PendingPage />;
}
