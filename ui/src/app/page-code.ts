import { lazyRouteComponent } from "@tanstack/react-router";

const AGAIN_MS = 1_000;

/** Whether a new load of the page would bring it. */
const answers = (): Promise<boolean> => fetch("/", { cache: "no-store" }).then(({ ok }) => ok).catch(() => false);

/**
 * Loads code, and asks again until the server is back. Where it is there but this code is not, another version is served by
 * now: that is raised, and whoever shows it loads everything anew. Without the server that would end in the browser's own page of failure.
 */
export async function whenThere<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch (error) {
      if (await answers()) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

/** A page whose code is loaded when it is first gone to. */
export const lazyPage: typeof lazyRouteComponent = (load, name) => lazyRouteComponent(() => whenThere(load), name);
