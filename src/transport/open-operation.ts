import type { ResponseBudget } from "../store/response-budget.ts";
import type { OperationNote } from "./operation-note.ts";

/** An operation of a socket that is not complete yet. */
export class OpenOperation {
  budget: ResponseBudget | null = null;
  /** The part of its user's memory that its message uses. */
  held: { readonly userId: string; readonly bytes: number } | null = null;
  readonly note: OperationNote;
  readonly beganAt = performance.now();
  #isAbandoned = false;
  /** Created at the first use: most operations end before their caller cancels them. */
  #closed: AbortController | null = null;

  constructor(requestId: string) {
    this.note = { requestId };
  }

  /** Aborts when the caller cancels the operation, or the socket closes. */
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
