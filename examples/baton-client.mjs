// @ts-check
// Just enough of a client for these examples: `query` over HTTP, `subscribe` over a WebSocket. Copy it, or read in it
// how little a client needs.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createClient } from "graphql-ws/client";
import { WebSocket } from "ws";

/** What the server refused, or that it can't be reached (`UNAVAILABLE`). */
export class BatonError extends Error {
  /** @param {string} message @param {{ code: string, [detail: string]: unknown }} details */
  constructor(message, details) {
    super(message);
    this.code = details.code;
    this.details = details;
  }
}

/** @typedef {Record<string, unknown>} Variables */

export class Baton {
  /** @param {string} url @param {string} token @param {string} agent the name its changes are recorded under */
  constructor(url, token, agent) {
    this.url = url;
    this.token = token;
    this.agent = agent;
  }

  /**
   * Runs a query or mutation and returns its data.
   * @param {string} document @param {Variables} [variables] @returns {Promise<any>}
   */
  async query(document, variables) {
    const { data, errors } = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${this.token}`,
        // A header is bytes to fetch: a name beyond ASCII goes as those of its UTF-8.
        "baton-agent": Buffer.from(this.agent).toString("latin1"),
        "content-type": "application/json",
      },
      body: JSON.stringify({ query: document, variables }),
    })
      .then((response) => /** @type {Promise<any>} */ (response.json()))
      .catch((error) => {
        throw this.#unavailable(error.cause?.message || error.cause?.code || error.message);
      });
    if (errors) throw new BatonError(errors[0].message, errors[0].extensions);
    return data;
  }

  /**
   * Yields what a subscription delivers. It ends only by its reader's `break`, or by a BatonError: UNAVAILABLE when the
   * connection is lost or the server stops. Subscribe again then, `after` the last revision, and nothing is missed.
   * @param {string} document @param {Variables} [variables] @returns {AsyncGenerator<any, void>}
   */
  async *subscribe(document, variables) {
    const { token, agent } = this;
    const client = createClient({
      url: `${this.url.replace(/^http/, "ws")}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { token, agent },
      // Its own retries would subscribe as the first time, and so deliver again, or skip, what happened since.
      retryAttempts: 0,
      on: {
        opened: (socket) => whenSilent(/** @type {WebSocket} */ (socket), () => client.terminate()),
      },
    });
    try {
      for await (const { data, errors } of client.iterate({ query: document, variables })) {
        if (errors) throw errors;
        yield data;
      }
    } catch (failure) {
      // Either errors of the server, or the event that closed the socket.
      const [error] = Array.isArray(failure) ? failure : [];
      if (error) throw new BatonError(error.message, error.extensions);
      const { reason, message, code } = /** @type {any} */ (failure);
      throw this.#unavailable(reason || message || `the socket was closed (${code})`);
    } finally {
      client.dispose();
    }
    throw this.#unavailable("it ended the subscription");
  }

  /** @param {string} reason */
  #unavailable(reason) {
    const message = `Baton at ${this.url} can't be reached: ${reason}.`;
    return new BatonError(message, { code: "UNAVAILABLE" });
  }
}

/**
 * Connects to BATON_URL with BATON_TOKEN. Without them: to a server started with `npm start` in the current folder.
 * @param {string} agent
 */
export async function connect(agent) {
  const url = (process.env.BATON_URL || "http://127.0.0.1:4000").replace(/\/$/, "");
  const token = process.env.BATON_TOKEN || (await localToken());
  const baton = new Baton(url, token, agent);
  // A wrong address or token shows now, not in the middle of the work.
  await baton.query("{ viewer { user } }").catch((error) => {
    if (error.code === "UNAVAILABLE")
      error.message += " Start it with npm start, or set BATON_URL.";
    throw error;
  });
  return baton;
}

async function localToken() {
  const file = join(process.env.BATON_DATA_DIR || "./data", "local.token");
  try {
    return (await readFile(file, "utf8")).trim();
  } catch {
    const message = `No token: ${file} can't be read. Start a server here with npm start, or set BATON_TOKEN.`;
    throw new BatonError(message, { code: "UNAUTHENTICATED" });
  }
}

const [firstDelayMs, maxDelayMs] = [100, 5_000];

/**
 * Does the work again, ever more patiently, for as long as it fails only because the server can't be reached.
 * @template T @param {() => Promise<T>} work must be harmless to repeat @returns {Promise<T>}
 */
export async function keepTrying(work) {
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(2 * delayMs, maxDelayMs)) {
    const begin = performance.now();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof BatonError && error.code === "UNAVAILABLE")) throw error;
      console.error(`${error.message} Trying again.`);
    }
    if (performance.now() - begin > maxDelayMs) delayMs = firstDelayMs;
    // By chance a little apart, so that the clients of a restarted server do not all come back at once.
    await wait(delayMs * (0.5 + Math.random()));
  }
}

/**
 * Ends the program: with one line for what its person can put right, which has a code; with the stack for a bug.
 * @param {any} error
 */
export function fail(error) {
  console.error(error.code ? error.message : error);
  process.exit(2);
}

/** The server pings every 15 seconds. A connection may die without a word, and its reader would wait for ever. */
const maxSilenceMs = 40_000;

/** @param {WebSocket} socket @param {() => void} giveUp */
function whenSilent(socket, giveUp) {
  const timer = setTimeout(giveUp, maxSilenceMs);
  socket.on("ping", () => timer.refresh());
  socket.on("close", () => clearTimeout(timer));
}
