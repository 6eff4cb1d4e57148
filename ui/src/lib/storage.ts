/** Small choices of this browser. Storage may be full or refused; then they last as long as the page. */

const unkept = new Map<string, string>();

export function remembered(name: string): string | null {
  try {
    return unkept.get(name) ?? localStorage.getItem(`qd.${name}`);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string | null): void {
  unkept.delete(name);
  try {
    if (value === null) localStorage.removeItem(`qd.${name}`);
    else localStorage.setItem(`qd.${name}`, value);
  } catch {
    if (value !== null) unkept.set(name, value);
  }
}
