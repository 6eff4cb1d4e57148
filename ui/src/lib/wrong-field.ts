/** Which control a refusal is about, where its code alone says it. */
const BY_CODE: Record<string, string> = { name_taken: "name", member_exists: "email", wrong_password: "current", password_length: "password", budget_exists: "scope", limit_exists: "scope" };

type Refusal = { code: string; extra: Record<string, unknown> };

/** The names of the controls that a refusal may be about, most likely first: the server names fields by their path. Pure. */
export function wrongNames({ code, extra }: Refusal): string[] {
  const paths = Array.isArray(extra.fields) ? extra.fields.flatMap((each: unknown) => (typeof each === "object" && each !== null && "field" in each && typeof each.field === "string" ? [each.field] : [])) : [];
  const named = BY_CODE[code];
  return [...paths.flatMap((path) => [path, path.split(".").at(-1) ?? path]), ...(named ? [named] : [])];
}

/** Marks the control that was refused and goes to it; the mark goes with the next change. */
export function showWrongField(form: HTMLFormElement, refusal: Refusal): void {
  const control = wrongNames(refusal)
    .map((name) => form.elements.namedItem(name))
    .find((found) => found instanceof HTMLInputElement || found instanceof HTMLTextAreaElement || found instanceof HTMLSelectElement);
  if (!control || control.type === "hidden") return;
  control.setAttribute("aria-invalid", "true");
  control.addEventListener("input", () => control.removeAttribute("aria-invalid"), { once: true });
  control.focus();
}
