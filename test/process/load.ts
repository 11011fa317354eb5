import { query, Refusal, subscribe, subscribeBySse, type Events } from "../client.ts";
import { headRevision, wholeLog } from "../operations.ts";
import { msUntil } from "./instances.ts";

type Server = { readonly url: string; readonly token: string };

interface Written {
  readonly key: string | null;
  readonly value: unknown;
  readonly revision: string;
}

interface Refused {
  readonly code: string;
  readonly tookMs: number;
}

/** The pause of a client before another attempt, so that other work can run. */
const retryMs = 50;

/** The maximum time for more writes, or for followers to catch up, on a busy machine. */
const moreMs = 60_000;
const followMs = 60_000;

const pause = () => new Promise((resolve) => setTimeout(resolve, retryMs));

const keyPrefix = "writer";
const isWriterKey = (key: string | null) => key?.startsWith(keyPrefix) ?? false;

const setDocument = "mutation ($input: SetEntryInput!) { setEntry(input: $input) { revision } }";

/** Running writers. Each writes its own key, and each write has a different value. */
export class Load implements AsyncDisposable {
  readonly acknowledged: Written[] = [];
  readonly refused: Refused[] = [];
  /** Writes whose connection was lost. They may be committed or not. */
  unanswered = 0;
  readonly #working: Promise<unknown>;
  #stopped = false;

  /** @param servers a writer begins with one of them, and uses the next if it cannot be reached */
  constructor(servers: readonly Server[], writers = 8) {
    this.#working = Promise.all(
      Array.from({ length: writers }, (_, writer) => this.#write(servers, writer)),
    );
  }

  /** Waits for `count` more acknowledged writes. */
  async more(count: number): Promise<void> {
    const target = this.acknowledged.length + count;
    await msUntil(() => this.acknowledged.length >= target, moreMs);
  }

  /** Stops the writers. Resolves when every write has its response. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  /** The writes that were refused with another code than this. */
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
    const key = `${keyPrefix}${writer}`;
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

/** A subscriber that continues after its last revision at the next server when its connection is lost. */
export class Follower implements AsyncDisposable {
  readonly changes: Written[] = [];
  /** How often it had to subscribe again. */
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
          this.changes.push({ revision, key, value: entry?.value ?? null });
        }
      } catch {
        if (!this.#stopped) await pause();
      }
    }
  }
}

/** The comparison of a log with its writers and its followers. */
export interface Outcome {
  readonly acknowledged: number;
  readonly changes: number;
  /** Acknowledged writes that are not in the log at their revision. */
  readonly lost: number;
  /** Revisions that are missing in the log, repeated or out of order. */
  readonly holes: number;
  /** Writes that are in the log twice. */
  readonly repeated: number;
  /** Changes that a follower received twice or out of order. */
  readonly duplicates: number;
  /** Changes that a follower did not receive, or received with other contents. */
  readonly missed: number;
  /** Changes that a follower received, but that are not in the log. */
  readonly invented: number;
}

/** Waits until the followers have reached the end of the log, and compares them with it: G2, G3 and G5. */
export async function readOutcome(
  server: Server,
  load: Load,
  followers: readonly Follower[],
): Promise<Outcome> {
  const head = BigInt(await headRevision(server));
  const isAtHead = ({ changes }: Follower) => BigInt(changes.at(-1)?.revision ?? 0) >= head;
  await msUntil(() => followers.every(isAtHead), followMs);
  const log = (await wholeLog(server)).map(({ revision, key, entry }): Written => {
    return { key, value: entry?.value ?? null, revision };
  });
  const text = ({ key, value, revision }: Written) => JSON.stringify([key, value, revision]);
  const logged = new Set(log.map(text));
  const values = log.filter(({ key }) => isWriterKey(key)).map(({ value }) => value);
  const outcome = {
    acknowledged: load.acknowledged.length,
    changes: log.length,
    lost: load.acknowledged.filter((written) => !logged.has(text(written))).length,
    holes: log.filter(({ revision }, index) => Number(revision) !== index + 1).length,
    repeated: values.length - new Set(values).size,
    duplicates: 0,
    missed: 0,
    invented: 0,
  };
  for (const { changes } of followers) {
    let last = 0n;
    for (const change of changes) {
      const revision = BigInt(change.revision);
      if (revision <= last) outcome.duplicates++;
      last = revision > last ? revision : last;
    }
    const seen = new Set(changes.map(text));
    outcome.missed += log.filter((change) => !seen.has(text(change))).length;
    outcome.invented += changes.filter((change) => !logged.has(text(change))).length;
  }
  return outcome;
}

/** @throws Error if a change was lost or repeated, or if a follower missed a change or received it twice */
export async function expectNothingLost(
  server: Server,
  load: Load,
  followers: readonly Follower[],
): Promise<Outcome> {
  const outcome = await readOutcome(server, load, followers);
  const { acknowledged, changes, ...faults } = outcome;
  if (Object.values(faults).some((count) => count > 0)) {
    const counts = JSON.stringify(faults);
    throw new Error(`Of ${acknowledged} acknowledged writes and ${changes} changes: ${counts}`);
  }
  return outcome;
}
