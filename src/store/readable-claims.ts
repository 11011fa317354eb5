import type { Page, ReadView } from "./contract.ts";
import type { Selection } from "./model/change.ts";
import type { HeldClaim } from "./model/claim-counts.ts";
import type { StoredEntry } from "./model/claim.ts";
import { checkPageSize, type Limits } from "./model/limits.ts";
import type { Place } from "./model/place.ts";
import { exact } from "./model/text-match.ts";
import { requireScope, type Viewer } from "./model/viewer.ts";
import { pageBounds } from "./read-bounds.ts";
import type { ReadChecks, SelectionInput } from "./read-checks.ts";
import {
  countClaims,
  readClaimedNamespaces,
  readHeldPage,
  type ClaimedNamespace,
  type ClaimTally,
} from "./read-claims.ts";

export interface DeadLettersInput {
  readonly namespace: string;
  readonly keyPrefix: string;
  readonly first: number;
  /** Only keys after this one; null for all. */
  readonly after: string | null;
}

export interface ClaimsInput extends Omit<SelectionInput, "key"> {
  readonly first: number;
  readonly after: Place | null;
}

export interface ClaimedNamespacesInput {
  readonly namespacePrefix: string;
  readonly first: number;
  /** Only later names; null for all. */
  readonly after: string | null;
}

type Database = Pick<
  ReadView,
  "readStoredEntries" | "readHeldClaims" | "readClaims" | "readNamespaceClaims"
>;

/** The state of the work on the entries that a viewer can read: claims, dead letters, and counts. */
export class ReadableClaims {
  readonly #database: Database;
  readonly #checks: ReadChecks;
  readonly #limits: Limits;

  constructor(database: Database, checks: ReadChecks) {
    this.#database = database;
    this.#checks = checks;
    this.#limits = checks.limits;
  }

  /** Reads dead-lettered entries of one namespace, sorted by key. */
  async listDeadLetters(viewer: Viewer, input: DeadLettersInput): Promise<Page<StoredEntry>> {
    checkPageSize(this.#limits, input.first);
    const { namespace, keyPrefix, after } = input;
    const query = {
      userId: viewer.userId,
      selection: this.#checks.select(viewer, { namespace, keyPrefix }),
      onlyKeys: null,
      onlyDeadLettered: true,
      after: after === null ? null : { namespace, key: after },
    };
    return this.#database.readStoredEntries(query, pageBounds(this.#limits, input.first));
  }

  /** Reads an entry with the state of the work on it; null if it does not exist. */
  async read(viewer: Viewer, namespace: string, key: string): Promise<StoredEntry | null> {
    const place = this.#checks.place(viewer, namespace, key);
    const query = {
      userId: viewer.userId,
      selection: { namespaces: [exact(place.namespace)], keys: exact(place.key) },
      onlyKeys: null,
      after: null,
    };
    const { items } = await this.#database.readStoredEntries(query, pageBounds(this.#limits, 1));
    return items[0] ?? null;
  }

  /** Reads the claims that hold entries at these places, which the viewer has already read. */
  async readHeld(viewer: Viewer, places: readonly Place[]): Promise<readonly HeldClaim[]> {
    requireScope(viewer, "read");
    return this.#database.readHeldClaims(viewer.userId, places);
  }

  /** Reads the claims that hold entries, sorted by namespace and then key. */
  async list(
    viewer: Viewer,
    { first, after, ...selected }: ClaimsInput,
    closed: AbortSignal | null,
  ): Promise<Page<HeldClaim>> {
    checkPageSize(this.#limits, first);
    const query = {
      userId: viewer.userId,
      selection: this.#checks.select(viewer, selected),
      after,
    };
    return readHeldPage(this.#database, query, { ...pageBounds(this.#limits, first), closed });
  }

  /**
   * Counts the entries of a selection by the state of the work on them.
   * @param closed ends the counting when the caller has disconnected
   */
  count(userId: string, selection: Selection, closed: AbortSignal | null): Promise<ClaimTally> {
    return countClaims(this.#database, { userId, selection }, closed);
  }

  /** Reads the namespaces that agents claim from, sorted by name, each with the progress of the work. */
  async listNamespaces(
    viewer: Viewer,
    { namespacePrefix, first, after }: ClaimedNamespacesInput,
    closed: AbortSignal | null,
  ): Promise<Page<ClaimedNamespace>> {
    checkPageSize(this.#limits, first);
    const selection = this.#checks.select(viewer, { namespacePrefix });
    const query = { userId: viewer.userId, selection };
    return readClaimedNamespaces(this.#database, query, { first, after }, closed);
  }
}
