import { startTransition, useEffect, useState } from "react";

/** False while something is drawn for the first time, true from soon after: what need not be seen at once is then drawn in small steps. */
export function useLater(): boolean {
  const [later, setLater] = useState(false);
  useEffect(() => startTransition(() => setLater(true)), []);
  return later;
}
