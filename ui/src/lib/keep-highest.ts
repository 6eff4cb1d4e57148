/**
 * Keeps a text as high as it has ever been at its width, so that what stands below is not drawn up and pushed down again
 * while its words change. A ref for the element.
 */
export function keepHighest(element: HTMLElement | null): (() => void) | undefined {
  if (!element || typeof ResizeObserver === "undefined") return undefined;
  let width = element.offsetWidth;
  const observer = new ResizeObserver(() => {
    if (element.offsetWidth !== width) {
      width = element.offsetWidth;
      element.style.minHeight = "";
    }
    element.style.minHeight = `${element.offsetHeight}px`;
  });
  observer.observe(element);
  return () => observer.disconnect();
}
