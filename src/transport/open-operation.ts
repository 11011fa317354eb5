import type { ResponseBudget } from "../store/response-budget.ts";
import type { OperationNote } from "./operation-note.ts";

/** An operation of a socket that has not been answered to its end. */
export class OpenOperation {
  budget: ResponseBudget | null = null;
  /** What its message holds in the memory of its user. */
  held: { readonly userId: string; readonly bytes: number } | null = null;
  readonly note: OperationNote = {};
  readonly beganAt = performance.now();
  #isAbandoned = false;
  /** Made when it is asked for: most operations end before their caller gives them up. */
  #closed: AbortController | null = null;

  /** Aborts when the caller has given the operation up, or the socket is gone. */
  get closed(): AbortSignal {
    if (!this.#closed) {
      this.#closed = new AbortController();
      if (this.#isAbandoned) this.#closed.abort();
    }
    return this.#closed.signal;
  }

  abandon(): void {
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    this.#closed?.abort();
  }
}
