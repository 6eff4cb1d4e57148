export const PHONE = "(max-width: 760px)";

/** What `usePhone` will begin with, for what is asked before anything is drawn. */
export const isPhone = (): boolean => window.matchMedia(PHONE).matches;
