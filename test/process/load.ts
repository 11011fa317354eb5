import { expect, vi } from "vitest";
import { query, Refusal, subscribe, subscribeBySse, type Events } from "../client.ts";
import { wholeLog } from "../operations.ts";

type Server = { readonly url: string; readonly token: string };

interface Written {
  readonly key: string;
  readonly value: string;
  readonly revision: string;
}

interface Refused {
  readonly code: string;
  readonly tookMs: number;
}

/** What a client waits before it tries again, so that it leaves the machine to others. */
const retryMs = 50;

const pause = () => new Promise((resolve) => setTimeout(resolve, retryMs));

const setDocument = "mutation ($input: SetEntryInput!) { setEntry(input: $input) { revision } }";

/** Writers at work, each on a key of its own, each with a value that no other write has. */
export class Load implements AsyncDisposable {
  readonly acknowledged: Written[] = [];
  readonly refused: Refused[] = [];
  /** Writes whose connection broke: they may be there or not. */
  unanswered = 0;
  readonly #working: Promise<unknown>;
  #stopped = false;

  /** @param servers a writer begins with one of them, and takes the next when it can't be reached */
  constructor(servers: readonly Server[], writers = 8) {
    this.#working = Promise.all(
      Array.from({ length: writers }, (_, writer) => this.#write(servers, writer)),
    );
  }

  /** Waits for so many more acknowledged writes. */
  async more(count: number): Promise<void> {
    const target = this.acknowledged.length + count;
    await vi.waitFor(() => expect(this.acknowledged.length).toBeGreaterThanOrEqual(target), {
      interval: 10,
      timeout: 40_000,
    });
  }

  /** Resolves when every write has its answer. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  /** What was refused with any other code than this. */
  refusedOtherThan(code: string): Refused[] {
    return this.refused.filter((refusal) => refusal.code !== code);
  }

  get slowestRefusalMs(): number {
    return Math.max(0, ...this.refused.map(({ tookMs }) => tookMs));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #write(servers: readonly Server[], writer: number): Promise<void> {
    const key = `writer${writer}`;
    for (let turn = writer, count = 0; !this.#stopped; count++) {
      const value = `${writer}.${count}`;
      const begin = performance.now();
      try {
        const server = servers[turn % servers.length] as Server;
        const { setEntry } = await query(server, setDocument, { input: { key, value } });
        this.acknowledged.push({ key, value, revision: setEntry.revision });
      } catch (error) {
        if (error instanceof Refusal) {
          const tookMs = Math.round(performance.now() - begin);
          this.refused.push({ code: error.code, tookMs });
        } else {
          this.unanswered++;
          turn++;
        }
        await pause();
      }
    }
  }
}

/** A subscriber that goes on after its last revision, at the next server, whenever its connection breaks. */
export class Follower implements AsyncDisposable {
  readonly changes: Written[] = [];
  /** How often it had to begin anew. */
  breaks = 0;
  readonly #working: Promise<void>;
  #events: Events | null = null;
  #stopped = false;

  constructor(servers: readonly Server[], transport: "websocket" | "sse" = "websocket") {
    this.#working = this.#follow(servers, transport);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#events?.[Symbol.asyncDispose]();
    await this.#working;
  }

  async #follow(servers: readonly Server[], transport: "websocket" | "sse"): Promise<void> {
    const document = `subscription ($after: Revision) {
      entryChanged(after: $after) { revision key entry { value } }
    }`;
    for (; !this.#stopped; this.breaks++) {
      const server = servers[this.breaks % servers.length] as Server;
      const variables = { after: this.changes.at(-1)?.revision ?? "0" };
      try {
        this.#events =
          transport === "sse"
            ? await subscribeBySse(server, document, variables)
            : subscribe(server, document, variables);
        for (;;) {
          const { revision, key, entry } = await this.#events.next();
          this.changes.push({ revision, key, value: entry.value });
        }
      } catch {
        if (!this.#stopped) await pause();
      }
    }
  }
}

/** G2 G3 G5: what the log came to, against what writers were told and followers were sent. */
export async function expectNothingLost(
  server: Server,
  load: Load,
  followers: readonly Follower[],
): Promise<void> {
  const log = (await wholeLog(server)).map(({ revision, key, entry }): Written => {
    return { key, value: entry.value, revision };
  });
  expect(log.map(({ revision }) => Number(revision))).toEqual(log.map((_, index) => index + 1));
  expect(new Set(log.map(({ value }) => value)).size).toBe(log.length);
  const valueAt = new Map(log.map(({ revision, value }) => [revision, value]));
  const lost = load.acknowledged.filter(({ revision, value }) => valueAt.get(revision) !== value);
  expect(lost).toEqual([]);
  for (const { changes } of followers) {
    await vi.waitFor(() => expect(changes.at(-1)?.revision).toBe(log.at(-1)?.revision), {
      timeout: 20_000,
    });
    expect(changes).toEqual(log);
  }
}
