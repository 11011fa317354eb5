import { HttpConnection } from "./http-connection.mjs";
import { bodyOf, headersOf, setEntries } from "./operations.mjs";
import { value } from "./value.mjs";

const batch = 1_000;

const atATime = 2;

/**
 * Fills a store with `setEntries`: keys `key-0`, `key-1`, … in each namespace.
 *
 * @param {{ url: string, token: string }} server
 * @param {number} count in each namespace
 * @param {string[]} [namespaces]
 */
export async function fill(server, count, namespaces = ["default"]) {
  const batches = namespaces.flatMap((namespace) =>
    Array.from({ length: Math.ceil(count / batch) }, (_, place) => ({
      namespace,
      begin: place * batch,
    })),
  );
  const write = async () => {
    const connection = await HttpConnection.open(server.url, headersOf(server));
    for (let next = batches.shift(); next !== undefined; next = batches.shift()) {
      const { namespace, begin } = next;
      const length = Math.min(batch, count - begin);
      const entries = Array.from({ length }, (_, at) => ({ key: `key-${begin + at}`, value }));
      const answer = await connection.post("/graphql", bodyOf(setEntries, { namespace, entries }));
      if (answer.includes('"errors"')) throw new Error(answer);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: atATime }, write));
}
