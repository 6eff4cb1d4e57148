import { setupServer } from "msw/node";

/** Answers in place of the API. Each test says what; what no test said is an error. */
export const server = setupServer();
