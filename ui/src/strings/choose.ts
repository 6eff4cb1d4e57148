/** Choosing one among many. */
export const choose = {
  find: "Find by name…",
  nothing: "Nothing here has that in its name.",
  none: "There is none yet.",
  more: "There are more: type a part of the name.",
  open: "Choose",
  missing: "Choose one first.",
};
