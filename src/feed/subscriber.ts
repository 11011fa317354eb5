import { changeBytes, selects, type Change, type Selection } from "../store/model/change.ts";

/** A subscriber's queue holds at most this much; beyond it the subscriber is fed from the log. */
export interface QueueBounds {
  readonly maxChanges: number;
  readonly maxBytes: number;
}

/** What a subscriber gets next: a change, or that it must read the log to go on. */
export type Next =
  | { readonly kind: "change"; readonly change: Change }
  /** The selection has nothing between what the reader has and `after`. */
  | { readonly kind: "read-log"; readonly after: bigint };

/**
 * One reader's bounded queue of live changes.
 *
 * `collect` starts a stretch: from then on every change of the user is either queued, not selected, or the reason that
 * `next` answers `read-log`. So a reader that starts a stretch, then reads the log up to R and goes on with `next(R)`
 * has no gap: what the log did not hold yet is in the queue.
 */
export class Subscriber {
  readonly selection: Selection;
  readonly #bounds: QueueBounds;
  readonly #onClose: () => void;
  #queue: Change[] = [];
  #queuedBytes = 0;
  /** Nothing is queued before `collect`, nor after the stretch has ended. */
  #collecting = false;
  /** The last revision offered in this stretch, selected or not. */
  #end: bigint | null = null;
  /** Up to here the reader was given, or did not want, every change; it need not look for them in the log. */
  #seen = 0n;
  #closed = false;
  #failure: unknown = null;
  #wake: (() => void) | null = null;
  /** Gives up what `unlessClosed` waits for. */
  #giveUp: (() => void) | null = null;

  constructor(selection: Selection, bounds: QueueBounds, onClose: () => void) {
    this.selection = selection;
    this.#bounds = bounds;
    this.#onClose = onClose;
  }

  /** Begins a new stretch with an empty queue. */
  collect(): void {
    this.#empty();
    this.#end = null;
    this.#collecting = true;
  }

  /** Takes the user's next changes: all of them, from what the log already held when the stretch began. */
  offer(changes: readonly Change[]): void {
    if (!this.#collecting) return;
    this.#end = changes.at(-1)?.revision ?? this.#end;
    for (const change of changes) {
      if (selects(this.selection, change)) this.#push(change);
    }
    this.#notify();
  }

  /** Ends the stretch: there are changes that will not be offered, or more than the queue takes. */
  readLog(): void {
    if (this.#collecting && this.#end !== null) {
      const waiting = this.#queue[0];
      this.#seen = waiting ? waiting.revision - 1n : this.#end;
    }
    this.#collecting = false;
    this.#empty();
    this.#notify();
  }

  /**
   * The next change after `position`, once there is one; null when closed.
   * @throws what `fail` was given
   */
  async next(position: bigint): Promise<Next | null> {
    for (;;) {
      if (this.throwIfFailed()) return null;
      if (!this.#collecting) {
        return { kind: "read-log", after: this.#seen > position ? this.#seen : position };
      }
      const change = this.#queue.shift();
      if (change) {
        this.#queuedBytes -= changeBytes(change);
        if (change.revision > position) return { kind: "change", change };
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Waits so long, or until there is something to do. */
  async pause(ms: number): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** What the work comes to. Rejects when closed meanwhile: the database may let one wait for long. */
  async unlessClosed<T>(work: Promise<T>): Promise<T> {
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#giveUp = () => reject(new Error("The subscription is closed."));
        work.then(resolve, reject);
        if (this.#closed) this.#giveUp();
      });
    } finally {
      this.#giveUp = null;
    }
  }

  /** Whether it is closed; throws when it was closed by a failure. */
  throwIfFailed(): boolean {
    if (this.#failure !== null) throw this.#failure;
    return this.#closed;
  }

  /** Ends the reader's stream with an error. */
  fail(error: unknown): void {
    if (!this.#closed) this.#failure = error;
    this.close();
  }

  /** Ends the reader's stream. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#giveUp?.();
    this.readLog();
    this.#onClose();
  }

  #push(change: Change): void {
    if (!this.#collecting) return;
    this.#queuedBytes += changeBytes(change);
    const { maxChanges, maxBytes } = this.#bounds;
    // A single change may be larger than the bound; it is not, then, what makes a reader slow.
    const tooLarge = this.#queue.length > 0 && this.#queuedBytes > maxBytes;
    if (tooLarge || this.#queue.length >= maxChanges) return this.readLog();
    this.#queue.push(change);
  }

  #empty(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
