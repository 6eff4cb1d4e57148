/** Small choices of this browser. Storage may be full or refused; then nothing is remembered and nothing breaks. */

export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(`qd.${name}`);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`qd.${name}`);
    else localStorage.setItem(`qd.${name}`, value);
  } catch {
    // Nothing to do: the choice lasts as long as the page.
  }
}
