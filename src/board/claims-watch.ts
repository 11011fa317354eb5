import { signal } from "@preact/signals";
import { request } from "./graphql.ts";
import { openStream } from "./live-stream.ts";

export interface HeldClaim {
  readonly namespace: string;
  readonly key: string;
  readonly agent: string | null;
  readonly expiresAt: string;
  readonly attempt: number;
  readonly maxAttempts: number | null;
}

export interface ClaimCounts {
  readonly free: number;
  readonly taken: number;
  readonly delayed: number;
  readonly completed: number;
  readonly deadLettered: number;
}

export interface Selected {
  readonly namespace?: string | undefined;
  readonly namespacePrefix?: string | undefined;
  readonly keyPrefix?: string | undefined;
}

const parameters = "$namespace: String, $namespacePrefix: String, $keyPrefix: String";
const given = "namespace: $namespace, namespacePrefix: $namespacePrefix, keyPrefix: $keyPrefix";
const maxListed = 500;

/** Follows the work on a selection: its counts, and the claims that hold entries. */
export class ClaimsWatch {
  readonly counts = signal<ClaimCounts | null>(null);
  readonly held = signal<readonly HeldClaim[]>([]);
  /** The number of completed entries at several instants of the last minutes, for the rate. */
  readonly samples: { readonly at: number; readonly completed: number }[] = [];
  readonly #selected: Selected;
  readonly #close: () => void;
  #isReading = false;
  #isStale = false;
  #isOver = false;

  constructor(selected: Selected) {
    this.#selected = selected;
    this.#close = openStream<ClaimCounts>({
      document: `subscription work(${parameters}) { claimsChanged(${given}) { free taken delayed completed deadLettered } }`,
      variables: () => selected,
      next: (events) => {
        const last = events.at(-1) as ClaimCounts;
        this.counts.value = last;
        const at = Date.now();
        this.samples.push({ at, completed: last.completed });
        while (this.samples.length > 2 && at - (this.samples[1]?.at ?? at) > 120_000)
          this.samples.shift();
        void this.#read();
      },
    });
  }

  close(): void {
    this.#isOver = true;
    this.#close();
  }

  of(key: string): HeldClaim | null {
    return this.held.value.find((claim) => claim.key === key) ?? null;
  }

  async #read(): Promise<void> {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isStale && !this.#isOver) {
        this.#isStale = false;
        const { claims } = await request<{ claims: { nodes: readonly HeldClaim[] } }>(
          `query claims(${parameters}, $first: Int) { claims(${given}, first: $first) { nodes { namespace key agent expiresAt attempt maxAttempts } } }`,
          { ...this.#selected, first: maxListed },
        );
        this.held.value = claims.nodes;
      }
    } catch {
      // The next event repeats the query.
    } finally {
      this.#isReading = false;
    }
  }
}
