import { signal } from "@preact/signals";
import {
  changes,
  hasOlder,
  onChanges,
  readOlder,
  type ChangeKind,
  type LogChange,
} from "./change-log.ts";

/** The shown changes. An empty member selects all. */
export interface LogFilter {
  readonly agent: string;
  /** A prefix of the namespace. */
  readonly ns: string;
  readonly kind: ChangeKind | "";
}

/** The maximum number of changes that are kept. The oldest are dropped first. */
const maxKept = 20_000;

/**
 * The changes that match a filter, however rare they are: those of the loaded log, those that arrive, and older ones,
 * which are read page by page. Only the matching changes of a page are kept.
 */
export class FilteredLog {
  /** The oldest first. The array stays the same object; `version` changes when it does. */
  readonly found: LogChange[];
  readonly version = signal(0);
  /** How far back the log was read: a revision, and its time in milliseconds since 1970. */
  reached: { readonly revision: number; readonly at: number } | null;
  /** Whether the log has older changes than those that were read. */
  hasOlder: boolean;
  readonly #filter: LogFilter;
  readonly #unsubscribe: () => void;
  #isOver = false;

  constructor(filter: LogFilter) {
    this.#filter = filter;
    this.found = changes.filter((change) => this.#matches(change));
    this.reached = changes[0] ?? null;
    this.hasOlder = hasOlder.value;
    this.#unsubscribe = onChanges((fresh) => {
      const matching = fresh.filter((change) => this.#matches(change));
      this.reached ??= fresh[0] ?? null;
      if (matching.length === 0) return;
      for (const change of matching) this.found.push(change);
      this.#trim();
      this.version.value++;
    });
  }

  /** Whether as many changes are kept as can be. */
  get isFull(): boolean {
    return this.found.length >= maxKept;
  }

  close(): void {
    this.#isOver = true;
    this.#unsubscribe();
  }

  /**
   * Reads one more page of older changes.
   * @returns whether there may be more
   */
  async readBack(): Promise<boolean> {
    if (!this.hasOlder || this.reached === null || this.isFull) return false;
    const { ns } = this.#filter;
    const page = await readOlder(this.reached.revision, ns === "" ? null : ns);
    if (this.#isOver) return false;
    // The newest first.
    const last = page.changes.at(-1);
    if (last) this.reached = last;
    this.hasOlder = page.hasOlder;
    this.found.unshift(...page.changes.filter((change) => this.#matches(change)).reverse());
    this.version.value++;
    return page.hasOlder;
  }

  #matches(change: LogChange): boolean {
    const { agent, ns, kind } = this.#filter;
    return (
      (agent === "" || change.agent === agent) &&
      change.namespace.startsWith(ns) &&
      (kind === "" || change.kind === kind)
    );
  }

  #trim(): void {
    if (this.found.length <= maxKept) return;
    this.found.splice(0, this.found.length - maxKept);
    this.reached = this.found[0] ?? this.reached;
    this.hasOlder = true;
  }
}
