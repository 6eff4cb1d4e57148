/**
 * Keeps a text as high as it has ever been at its width, so that what stands below is not drawn up and pushed down again
 * while its words change. A ref for the element.
 */
export function keepHighest(element: HTMLElement | null): (() => void) | undefined {
  if (!element || typeof ResizeObserver === "undefined") return undefined;
  // Not measured before the observer first tells: it does after the page has been laid out, which asking here would do once more.
  let width: number | undefined;
  const observer = new ResizeObserver(() => {
    if (width !== undefined && element.offsetWidth !== width) element.style.minHeight = "";
    width = element.offsetWidth;
    element.style.minHeight = `${element.offsetHeight}px`;
  });
  observer.observe(element);
  return () => observer.disconnect();
}
