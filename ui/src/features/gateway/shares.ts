/** A row of a limit's form. `key` stays the same while what it says changes. */
export type Share = { key: number; agentId: string; weight: string };

let last = 0;

export const drawn = (agentId: string, weight: string): Share => ({ key: ++last, agentId, weight });

export const sharesOf = (weights: Record<string, number>): Share[] => Object.entries(weights).map(([agentId, weight]) => drawn(agentId, String(weight)));

/** As the server takes them; a row without an agent says nothing. Pure. */
export const weightsOf = (shares: Share[]): Record<string, number> => Object.fromEntries(shares.filter(({ agentId }) => agentId !== "").map(({ agentId, weight }) => [agentId, Number(weight)]));
