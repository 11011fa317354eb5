import type { Effects } from "../../store/commit/state.ts";
import type { ImportTransaction, WriteTransaction } from "../../store/contract.ts";
import type { SqliteConnection } from "./connection.ts";
import { SqliteWriteView } from "./write-view.ts";

/** A write of one user that is prepared outside a transaction: it loads on a reader, and keeps what to save. */
export class PreparedWrite extends SqliteWriteView implements WriteTransaction {
  /** Null if there is nothing to save. */
  effects: ReadonlyMap<string, Effects> | null = null;

  constructor(reader: SqliteConnection, userId: string) {
    super(reader);
    this.userIds = [userId];
  }

  async save(effects: ReadonlyMap<string, Effects>): Promise<void> {
    this.effects = effects;
  }

  get import(): ImportTransaction {
    throw new Error("An import cannot be prepared: use a transaction.");
  }
}
