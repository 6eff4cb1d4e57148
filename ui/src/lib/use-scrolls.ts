import type { RefObject } from "react";
import { useEffect, useState } from "react";

/** Whether what stands in a place is wider than it: only then need the keys reach it, to scroll it. */
export function useScrolls(place: RefObject<HTMLElement | null>): boolean {
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setScrolls(element.scrollWidth > element.clientWidth));
    [element, ...element.children].forEach((each) => observer.observe(each));
    return () => observer.disconnect();
  }, [place]);
  return scrolls;
}
