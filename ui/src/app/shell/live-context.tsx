import { useRouteContext } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useEffect } from "react";

import { LiveContext } from "@/api/live-hooks";

/** The stream was started by what opens the page, before anything was asked for; it ends with the frame. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const { live } = useRouteContext({ from: "__root__" });
  useEffect(() => {
    live.start();
    return () => live.stop();
  }, [live]);
  return <LiveContext value={live}>{children}</LiveContext>;
}
