import { signal } from "@preact/signals";

/** Whether the server shows GraphiQL to browsers. */
export const hasGraphiql = signal(false);

/** Requests the headers of its page. If GraphiQL is off, the same address refuses a request without an operation. */
export async function lookForGraphiql(): Promise<void> {
  try {
    const { ok } = await fetch("graphql", { method: "HEAD", headers: { accept: "text/html" } });
    hasGraphiql.value = ok;
  } catch {
    hasGraphiql.value = false;
  }
}
