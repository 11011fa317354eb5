// A caller that costs little: what it spends is taken from what it measures.

import { Agent, request } from "node:http";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";

const agent = new Agent({ keepAlive: true });

export const setEntry = `mutation ($key: String!, $value: JSON!) {
  setEntry(input: { key: $key, value: $value }) { revision }
}`;
export const readEntry = `query ($key: String!) { entry(key: $key) { value revision } }`;
const entryChanged = `subscription { entryChanged { kind revision } }`;

/** One operation over HTTP; throws when it was refused. */
export function send({ url, token }, query, variables) {
  const body = JSON.stringify({ query, variables });
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    authorization: `Bearer ${token}`,
  };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/graphql`, { method: "POST", agent, headers }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const answer = JSON.parse(Buffer.concat(chunks).toString());
        if (answer.errors) reject(new Error(answer.errors[0].message));
        else resolve(answer.data);
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Follows everything over a WebSocket. `seen(revision)` resolves with the instant at which that revision came. */
export async function follow({ url, token }) {
  const client = createClient({
    url: `${url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
  });
  const came = new Map();
  const waiting = new Map();
  let fail;
  const failed = new Promise((_resolve, reject) => (fail = reject));
  failed.catch(() => {});
  client.subscribe(
    { query: entryChanged },
    {
      next: ({ data }) => {
        const at = performance.now();
        const { revision } = data.entryChanged;
        const resolve = waiting.get(revision);
        waiting.delete(revision);
        if (resolve) resolve(at);
        else came.set(revision, at);
      },
      error: (error) => fail(error),
      complete: () => fail(new Error("The subscription ended.")),
    },
  );
  return {
    seen(revision) {
      const at = came.get(revision);
      came.delete(revision);
      if (at !== undefined) return at;
      return Promise.race([failed, new Promise((resolve) => waiting.set(revision, resolve))]);
    },
    /** Whether it has begun: what is set from then on comes. */
    async begun(instance) {
      for (;;) {
        const { setEntry: set } = await send(instance, setEntry, { key: "begin", value: 0 });
        const before = new Promise((resolve) => setTimeout(resolve, 100, null));
        if ((await Promise.race([this.seen(set.revision), before])) !== null) return;
      }
    },
    close: () => client.dispose(),
  };
}

/** Keeps so many operations under way for so long. Returns how many were done in a second. */
export async function drive(inFlight, seconds, operation) {
  const end = performance.now() + seconds * 1_000;
  const begin = performance.now();
  let count = 0;
  const run = async (place) => {
    for (let turn = 0; performance.now() < end; turn += 1) {
      await operation(place, turn);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, place) => run(place)));
  return { count, perSecond: count / ((performance.now() - begin) / 1_000) };
}
