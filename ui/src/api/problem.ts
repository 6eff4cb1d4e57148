/** What the server said went wrong (application/problem+json), or that it could not be reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly extra: Record<string, unknown> = {},
  ) {
    super(detail);
    this.name = "Problem";
  }

  static unreachable(): Problem {
    return new Problem(0, "unreachable", "The server cannot be reached. Is it running?");
  }

  static async of(response: Response): Promise<Problem> {
    try {
      const body = (await response.json()) as Record<string, unknown>;
      const detail = typeof body.detail === "string" ? body.detail : typeof body.title === "string" ? body.title : undefined;
      return new Problem(response.status, typeof body.code === "string" ? body.code : "unknown", detail ?? response.statusText, body);
    } catch {
      return new Problem(response.status, "unknown", `The server answered ${response.status} ${response.statusText}.`.replace(" .", "."));
    }
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(0, "unexpected", error instanceof Error ? error.message : String(error));
}
