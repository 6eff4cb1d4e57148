import { useEffect, useRef, useState } from "react";

/** So far below the window the next rows are drawn already. */
const AHEAD = "100px";

/** The first rows of a long list, and `step` more each time the reader comes near what stands at their end. */
export function useGrown<T>(all: T[], step: number) {
  const [count, setCount] = useState(step);
  const end = useRef<HTMLDivElement>(null);
  const whole = count >= all.length;
  useEffect(() => {
    const element = end.current;
    if (!element || whole) return;
    // Made anew after each step: it tells at once whether the end is in view still.
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setCount(count + step), { rootMargin: AHEAD });
    observer.observe(element);
    return () => observer.disconnect();
  }, [count, step, whole]);
  return { shown: whole ? all : all.slice(0, count), end };
}
