import createClient from "openapi-fetch";

import { Problem } from "@/api/problem";
import type { paths } from "@/api/schema.gen";

let csrf = "";

/** The session's anti-forgery token, sent with every write. Set by whoever reads the session. */
export function rememberCsrf(token: string): void {
  csrf = token;
}

async function request(input: Request): Promise<Response> {
  if (input.method !== "GET" && csrf) input.headers.set("x-quarterdeck-csrf", csrf);
  let response: Response;
  try {
    response = await fetch(input);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw Problem.unreachable();
  }
  if (!response.ok) throw await Problem.of(response);
  return response;
}

export const api = createClient<paths>({ baseUrl: typeof location === "undefined" ? "" : location.origin, fetch: request });

/** The data of an answer; failures have been thrown as `Problem` before. */
export async function data<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

/** Bytes as they went over the wire. Only looked at as text, never executed. */
export async function fetchBytes(path: string, signal?: AbortSignal): Promise<{ bytes: Uint8Array; type: string }> {
  const response = await request(new Request(new URL(path, location.origin), signal ? { signal } : {}));
  return { bytes: new Uint8Array(await response.arrayBuffer()), type: response.headers.get("content-type") ?? "" };
}

export type Upload = {
  /** How much of it has left this browser, from 0 to 1. */
  onProgress: (share: number) => void;
  signal: AbortSignal;
};

/** Puts a file as it is. What fetch does not tell, how far it has come, an older kind of request does. Throws `Problem`; AbortError. */
export function sendFile<T>(path: string, file: File, { onProgress, signal }: Upload): Promise<T> {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("PUT", new URL(path, location.origin));
    sending.setRequestHeader("content-type", file.type || "application/octet-stream");
    if (csrf) sending.setRequestHeader("x-quarterdeck-csrf", csrf);
    sending.upload.onprogress = (event) => event.lengthComputable && event.total > 0 && onProgress(event.loaded / event.total);
    sending.onload = () => {
      const answer = new Response(sending.responseText, { status: sending.status, statusText: sending.statusText });
      if (answer.ok) answer.json().then(resolve, reject);
      else void Problem.of(answer).then(reject);
    };
    sending.onerror = () => reject(Problem.unreachable());
    sending.onabort = () => reject(new DOMException("The upload was stopped.", "AbortError"));
    signal.addEventListener("abort", () => sending.abort(), { once: true });
    sending.send(file);
  });
}
