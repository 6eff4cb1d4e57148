/** Begins to load what will be shown. Whoever shows it asks again for what failed, and says why. */
export function warm(...loads: Promise<unknown>[]): void {
  for (const load of loads) load.catch(() => undefined);
}
