/**
 * How much of the page's lower edge the keyboard of a phone covers, as `--keyboard`: browsers lay fixed parts out as if it were
 * not there, so a sheet at the bottom would have its buttons under it.
 */
export function followKeyboard(): void {
  const seen = window.visualViewport;
  if (!seen) return;
  const follow = () => {
    // Zoomed in with two fingers the visible part is small as well.
    const covered = seen.scale > 1.01 ? 0 : Math.max(0, Math.round(window.innerHeight - seen.height - seen.offsetTop));
    document.documentElement.style.setProperty("--keyboard", `${covered}px`);
  };
  seen.addEventListener("resize", follow);
  seen.addEventListener("scroll", follow);
}
