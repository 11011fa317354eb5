import type { Effects } from "../../store/commit/state.ts";
import type { ImportTransaction, LockedLogs, WriteTransaction } from "../../store/contract.ts";
import type { StoredHead } from "../../store/model/claim.ts";
import type { SqliteConnection } from "./connection.ts";
import { SqliteWriteView } from "./write-view.ts";

/** A write of one user that is prepared outside a transaction: it loads on a reader, and keeps what to save. */
export class PreparedWrite implements WriteTransaction {
  readonly userIds: readonly string[];
  readonly #view: SqliteWriteView;
  #effects: ReadonlyMap<string, Effects> | null = null;
  /** The time for which it was decided. */
  #now = new Date(0);
  /** When the first loaded entry expires, or the first loaded claim ends, after that time. */
  #validUntil = Infinity;

  constructor(reader: SqliteConnection, userId: string) {
    this.userIds = [userId];
    this.#view = new SqliteWriteView(reader);
    this.#view.userIds = this.userIds;
  }

  /** Null if there is nothing to save. */
  get effects(): ReadonlyMap<string, Effects> | null {
    return this.#effects;
  }

  /** Whether a decision at this time is the same: no loaded entry has expired since, and no claim has ended. */
  isValidAt(now: Date): boolean {
    return this.#now <= now && now.getTime() < this.#validUntil;
  }

  async readLogs(): Promise<LockedLogs> {
    const logs = await this.#view.readLogs();
    this.#now = logs.now;
    return logs;
  }

  async loadEntries(...args: Parameters<WriteTransaction["loadEntries"]>) {
    const loaded = await this.#view.loadEntries(...args);
    for (const { entry } of loaded) this.#note(entry);
    return loaded;
  }

  async loadFree(...args: Parameters<WriteTransaction["loadFree"]>) {
    const loaded = await this.#view.loadFree(...args);
    for (const entry of loaded.entries) this.#note(entry);
    return loaded;
  }

  async loadRange(...args: Parameters<WriteTransaction["loadRange"]>) {
    const loaded = await this.#view.loadRange(...args);
    for (const entry of loaded) this.#note(entry);
    return loaded;
  }

  readTotals: WriteTransaction["readTotals"] = (...args) => this.#view.readTotals(...args);
  countEntries: WriteTransaction["countEntries"] = (...args) => this.#view.countEntries(...args);
  countNamespaces: WriteTransaction["countNamespaces"] = (...args) =>
    this.#view.countNamespaces(...args);
  loadRecords: WriteTransaction["loadRecords"] = (...args) => this.#view.loadRecords(...args);

  async save(effects: ReadonlyMap<string, Effects>): Promise<void> {
    this.#effects = effects;
  }

  get import(): ImportTransaction {
    throw new Error("An import cannot be prepared: use a transaction.");
  }

  #note({ expiresAt, claimExpiresAt }: StoredHead): void {
    for (const end of [expiresAt, claimExpiresAt]) {
      const ms = end?.getTime() ?? Infinity;
      if (ms > this.#now.getTime()) this.#validUntil = Math.min(this.#validUntil, ms);
    }
  }
}
