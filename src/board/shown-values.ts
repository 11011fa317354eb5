import { signal } from "@preact/signals";
import { partOf } from "../json/part-of.ts";
import type { EntryRow } from "./entry-rows.ts";
import { requestText, variablesOf } from "./graphql.ts";

/** A larger value is not loaded for its row. The row shows its size. */
export const maxPreviewBytes = 8_000;
const maxKept = 2_000;
const maxPreviewUnits = 240;
const pauseMs = 60;

/** The values of the visible rows, as short texts. They are read together when scrolling stops. */
export class ShownValues {
  readonly version = signal(0);
  readonly #namespace: string;
  readonly #texts = new Map<string, string>();
  #wanted: readonly EntryRow[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isReading = false;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Null if it is not loaded yet. */
  of(row: EntryRow): string | null {
    return this.#texts.get(`${row.revision} ${row.key}`) ?? null;
  }

  /** Sets the visible rows. */
  want(rows: readonly EntryRow[]): void {
    this.#wanted = rows;
    this.#timer ??= setTimeout(() => void this.#read(), pauseMs);
  }

  close(): void {
    this.#wanted = [];
    clearTimeout(this.#timer);
  }

  async #read(): Promise<void> {
    this.#timer = undefined;
    const missing = this.#wanted.filter(
      (row) => row.sizeBytes <= maxPreviewBytes && this.of(row) === null,
    );
    if (missing.length === 0 || this.#isReading) return;
    this.#isReading = true;
    const keys = missing.slice(0, 100).map(({ key }) => key);
    try {
      const answer = await requestText(
        `query values($namespace: String!, $keys: [String!], $first: Int!) {
          entries(namespace: $namespace, keys: $keys, first: $first) { nodes { key revision value } }
        }`,
        variablesOf({ namespace: this.#namespace, keys, first: keys.length }),
      );
      const nodes = JSON.parse(partOf(answer, ["data", "entries", "nodes"]) ?? "[]") as {
        readonly key: string;
        readonly revision: string;
      }[];
      if (this.#texts.size > maxKept) this.#texts.clear();
      nodes.forEach(({ key, revision }, at) => {
        const value = partOf(answer, ["data", "entries", "nodes", String(at), "value"]) ?? "";
        this.#texts.set(`${revision} ${key}`, value.slice(0, maxPreviewUnits));
      });
      this.version.value++;
    } catch {
      // The rows stay without values until they are requested again.
    } finally {
      this.#isReading = false;
      const isLeft = this.#wanted.some(
        (row) => row.sizeBytes <= maxPreviewBytes && this.of(row) === null,
      );
      if (isLeft) this.#timer ??= setTimeout(() => void this.#read(), 10 * pauseMs);
    }
  }
}
