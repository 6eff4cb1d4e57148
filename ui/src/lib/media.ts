import { useCallback, useSyncExternalStore } from "react";

import { PHONE } from "@/lib/phone";

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    useCallback(
      (listener: () => void) => {
        const media = window.matchMedia(query);
        media.addEventListener("change", listener);
        return () => media.removeEventListener("change", listener);
      },
      [query],
    ),
    () => window.matchMedia(query).matches,
  );
}

export const usePhone = (): boolean => useMedia(PHONE);
