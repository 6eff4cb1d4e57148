import { useEffect, useRef, useState } from "react";

const WAIT_MS = 200;

/** A text that is told on when typing pauses; it follows `value` when that changes from elsewhere. */
export function useDebounced(value: string, tell: (value: string) => void): [string, (value: string) => void] {
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  const latest = useRef(tell);
  useEffect(() => {
    latest.current = tell;
  });
  if (value !== known) {
    setKnown(value);
    setTyped(value);
  }
  useEffect(() => {
    if (typed === known) return;
    const timer = setTimeout(() => latest.current(typed), WAIT_MS);
    return () => clearTimeout(timer);
  }, [typed, known]);
  return [typed, setTyped];
}
