import { HttpConnection } from "./http-connection.mjs";
import { bodyOf, headersOf, setEntries } from "./operations.mjs";
import { value } from "./value.mjs";

const batch = 1_000;

/**
 * Fills a store by `setEntries`: keys `key-0`, `key-1`, … of one namespace.
 * @param {{ url: string, token: string }} server
 */
export async function fill(server, count, namespace = "default") {
  const connection = await HttpConnection.open(server.url, headersOf(server));
  for (let begin = 0; begin < count; begin += batch) {
    const length = Math.min(batch, count - begin);
    const entries = Array.from({ length }, (_, at) => ({ key: `key-${begin + at}`, value }));
    const answer = await connection.post("/graphql", bodyOf(setEntries, { namespace, entries }));
    if (answer.includes('"errors"')) throw new Error(answer);
  }
  connection.close();
}
