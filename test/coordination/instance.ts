import pino from "pino";
import { defaultConfig } from "../../src/config.ts";
import type { Database } from "../../src/store/contract.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import type { Change } from "../../src/store/model/change.ts";
import { Committer } from "../../src/store/commit/committer.ts";
import type { Entry } from "../../src/store/model/entry.ts";
import type { Limits } from "../../src/store/model/limits.ts";
import { everything } from "../../src/store/model/text-match.ts";
import { SharedMemory, sharedMemoryBytes } from "../../src/store/shared-memory.ts";
import { Writer } from "../../src/store/writer.ts";
import type { OwnDatabase } from "../own-database.ts";

/** The part of a server that writes: a database, its committer, and the writer. */
export class Instance implements AsyncDisposable {
  readonly database: Database;
  readonly committer: Committer;
  readonly writer: Writer;
  /** By user: the changes that the committer published. */
  readonly announced = new Map<string, Change[]>();

  private constructor(database: Database, limits: Limits) {
    this.database = database;
    this.committer = new Committer({
      database,
      limits,
      onCommit: (committed) =>
        committed.forEach(({ changes }, userId) => {
          const before = this.announced.get(userId);
          if (before) before.push(...changes);
          else this.announced.set(userId, [...changes]);
        }),
    });
    this.writer = new Writer(
      this.committer,
      limits,
      database,
      new SharedMemory(sharedMemoryBytes()),
    );
  }

  static async open(own: OwnDatabase, limits: Limits = defaultConfig()): Promise<Instance> {
    const config = defaultConfig({ ...own.config, sqliteSynchronous: "normal" });
    return new Instance(await openDatabase(config, pino({ level: "silent" })), limits);
  }

  async log(userId: string): Promise<readonly Change[]> {
    const changes: Change[] = [];
    for (;;) {
      const page = await this.database.readLog(
        { userId, selection, after: changes.at(-1)?.revision ?? 0n },
        { maxItems: 5_000, maxBytes: 10 ** 9 },
      );
      changes.push(...page.changes);
      if (page.through >= page.head) return changes;
    }
  }

  /** At most `maxItems`, sorted by namespace and key. */
  async entries(userId: string, maxItems = 10_000): Promise<readonly Entry[]> {
    const query = { userId, selection, onlyKeys: null, after: null };
    const bounds = { maxItems, maxBytes: 10 ** 9 };
    return (await this.database.readEntries(query, bounds)).items;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.committer.close();
    await this.database.close();
  }
}

/** Several instances on one database, which is removed with them. */
export async function openInstances(
  own: OwnDatabase,
  count: number,
  limits?: Limits,
): Promise<AsyncDisposable & { readonly all: readonly Instance[]; readonly own: OwnDatabase }> {
  const all: Instance[] = [];
  while (all.length < count) all.push(await Instance.open(own, limits));
  return {
    all,
    own,
    async [Symbol.asyncDispose]() {
      for (const instance of all) await instance[Symbol.asyncDispose]();
      await own[Symbol.asyncDispose]();
    },
  };
}

const selection = { namespaces: [everything], keys: everything };
