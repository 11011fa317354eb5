import { namespaceEffects, type NamespaceEffects } from "../../store/commit/namespace-effects.ts";
import type { Effects, WrittenEntry } from "../../store/commit/state.ts";
import type { ImportTransaction, WriteTransaction } from "../../store/contract.ts";
import type { StoredHead } from "../../store/model/claim.ts";
import { importStatements } from "../import-statements.ts";
import { Pacer } from "../pacer.ts";
import {
  cellsOf,
  changeCells,
  claimColumnNames,
  columnNames,
  entryCells,
  entryColumns,
  namespaceAgentTable,
  namespaceTable,
  recordTable,
  type Cell,
} from "../tables.ts";
import type { SqliteConnection } from "./connection.ts";
import {
  keptColumns,
  newValueColumns,
  prepareWriteStatements,
  type WriteStatements,
} from "./write-statements.ts";
import { SqliteWriteView } from "./write-view.ts";

/**
 * The approximate disk space of a change as a multiple of its size: a row of the entries, one of the log and some of the
 * search index, each in the write-ahead log and in the database file, and the pages that are rewritten for them.
 */
const spaceFactor = 8;
const spacePerChangeBytes = 16 * 1024;
/** Number of a namespace's rows that one statement removes. The event loop runs in between. */
const removedPerStatement = 500;
const recordColumns = columnNames(recordTable.columns);
const namespaceColumns = columnNames(namespaceTable.columns);
const agentColumns = columnNames(namespaceAgentTable.columns);

/** The statements of the writer's transactions. Each writes one row, and is prepared once and kept. */
export class SqliteWriteTransaction extends SqliteWriteView implements WriteTransaction {
  readonly import: ImportTransaction;
  readonly #statements: WriteStatements;
  #changeCount = 0;
  #writtenBytes = 0;
  #valueBytes = 0;

  constructor(connection: SqliteConnection) {
    super(connection);
    this.#statements = prepareWriteStatements(connection);
    this.import = importStatements(connection, (userId, namespaces) =>
      this.#saveNamespaces(userId, namespaces, new Pacer()),
    );
  }

  /** Begins a transaction for these users. `BEGIN IMMEDIATE` has taken the only write lock. */
  begin(userIds: readonly string[]): this {
    this.userIds = userIds;
    this.#changeCount = 0;
    this.#writtenBytes = 0;
    this.#valueBytes = 0;
    return this;
  }

  /** The number of saved changes. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** The size of the saved entries in bytes. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** The approximate disk space of the changes and of the idempotency records, in bytes. */
  get spaceBytes(): number {
    return spaceFactor * this.#valueBytes + spacePerChangeBytes * this.#changeCount;
  }

  /** Creates the log if the user has none. */
  protected override lockedLog(userId: string) {
    const log = this.readLog(userId);
    if (log !== null) return log;
    this.#statements.insertUser.run([userId]);
    return this.readLog(userId);
  }

  async save(effects: ReadonlyMap<string, Effects>): Promise<void> {
    const pacer = new Pacer();
    for (const [userId, effect] of effects) {
      this.#changeCount += effect.changes.length;
      this.#statements.updateHead.run([effect.head, userId]);
      for (const namespace of effect.cleared) await this.#clear(userId, namespace, pacer);
      for (const { namespace, key } of effect.deleted) {
        this.#statements.deleteEntry.run([userId, namespace, key]);
        if (pacer.isDue) await pacer.pause();
      }
      for (const written of effect.written) {
        this.#writeEntry(userId, written);
        this.#writtenBytes += written.entry.sizeBytes;
        if (pacer.isDue) await pacer.pause();
      }
      await this.#saveNamespaces(userId, namespaceEffects(effect), pacer);
      for (const entry of effect.claimed) {
        const { namespace, key } = entry;
        this.#statements.updateClaim.run([
          ...cellsOf(entry, claimColumnNames),
          userId,
          namespace,
          key,
        ]);
      }
      for (const record of effect.records) {
        this.#statements.upsertRecord.run(cellsOf({ userId, ...record }, recordColumns));
        this.#valueBytes += record.results.length + record.idempotencyKey.length;
      }
      for (const change of effect.changes) {
        this.#statements.insertChange.run(changeCells(userId, change));
        if (change.entry) this.#valueBytes += change.entry.sizeBytes;
        if (pacer.isDue) await pacer.pause();
      }
    }
  }

  #writeEntry(userId: string, { entry, before }: WrittenEntry): void {
    if (before !== null && isSame(before, entry)) {
      const { namespace, key } = entry;
      this.#statements.updateValue.run([
        ...cellsOf(entry, newValueColumns),
        userId,
        namespace,
        key,
      ]);
    } else {
      this.#statements.upsertEntry.run(entryCells(userId, entry, entryColumns));
    }
  }

  async #saveNamespaces(
    userId: string,
    { namespaces, agents }: NamespaceEffects,
    pacer: Pacer,
  ): Promise<void> {
    for (const delta of namespaces) {
      this.#statements.addToNamespace.run(cellsOf({ userId, ...delta }, namespaceColumns));
      if (delta.entryCount < 0) {
        this.#statements.deleteEmptyNamespace.run([userId, delta.namespace]);
      }
      if (pacer.isDue) await pacer.pause();
    }
    for (const delta of agents) {
      this.#statements.addToAgent.run(cellsOf({ userId, ...delta }, agentColumns));
      if (delta.referenceCount < 0) {
        this.#statements.deleteUnnamedAgent.run([userId, delta.namespace, delta.agent]);
      }
      if (pacer.isDue) await pacer.pause();
    }
  }

  async #clear(userId: string, namespace: string, pacer: Pacer): Promise<void> {
    const { deleteSomeOfNamespace, deleteSomeAgents, deleteNamespace } = this.#statements;
    for (const statement of [deleteSomeOfNamespace, deleteSomeAgents]) {
      while (statement.run([userId, namespace, removedPerStatement]) > 0) await pacer.pause();
    }
    deleteNamespace.run([userId, namespace]);
  }
}

/** Whether two versions of an entry differ only in the columns that an update with a new value writes. */
function isSame(before: StoredHead, entry: StoredHead): boolean {
  return keptColumns.every((column) => valueOf(before, column) === valueOf(entry, column));
}

function valueOf(entry: StoredHead, column: string): unknown {
  const cell = (entry as unknown as Record<string, Cell>)[column];
  return cell instanceof Date ? cell.getTime() : cell;
}
