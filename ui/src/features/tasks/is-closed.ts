/** Whether nothing more is to be done of a task, or of one that another names. Pure. */
export const isClosed = ({ state }: { state: string }): boolean => state === "done" || state === "cancelled";
