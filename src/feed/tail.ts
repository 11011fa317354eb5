import type { Database, PageBounds } from "../store/contract.ts";
import type { Change, Selection } from "../store/model/change.ts";
import { everything } from "../store/model/text-match.ts";
import type { Subscriber } from "./subscriber.ts";

export interface TailOptions {
  readonly source: Pick<Database, "readLog">;
  /** What is read at once of what others wrote. */
  readonly pageBounds: PageBounds;
  /** A read that failed; the next notice of a head tries again. */
  readonly onError: (error: unknown) => void;
}

const wholeLog: Selection = { namespaces: [everything], keys: everything };

/**
 * The end of one user's log, brought to its subscribers here without a hole. What this instance commits comes from
 * memory as long as it is the next in line; what others wrote in between is read from the log, once for all.
 */
export class Tail {
  readonly subscribers = new Set<Subscriber>();
  readonly #userId: string;
  readonly #options: TailOptions;
  /** The subscribers were offered everything up to here. */
  #position: bigint;
  /** The log is known to reach at least so far. */
  #head: bigint;
  #isReading = false;

  constructor(userId: string, position: bigint, options: TailOptions) {
    this.#userId = userId;
    this.#position = position;
    this.#head = position;
    this.#options = options;
  }

  /** Takes what this instance committed, consecutive among themselves. */
  publish(changes: readonly Change[]): void {
    const news = changes.filter((change) => change.revision > this.#position);
    const [first] = news;
    if (!first) return;
    if (!this.#isReading && first.revision === this.#position + 1n) this.#offer(news);
    else this.noticeHead((news.at(-1) as Change).revision);
  }

  /** Takes where the log ends, from whoever looked: others may have written. */
  noticeHead(head: bigint): void {
    if (head > this.#head) this.#head = head;
    if (!this.#isReading && this.#head > this.#position) void this.#read();
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      while (this.#position < this.#head && this.subscribers.size > 0) await this.#readPage();
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#isReading = false;
    }
  }

  async #readPage(): Promise<void> {
    const noticed = this.#head;
    const page = await this.#options.source.readLog(
      { userId: this.#userId, selection: wholeLog, after: this.#position },
      this.#options.pageBounds,
    );
    // What was noticed may have been another database's, or of a time before a backup was restored.
    if (this.#head === noticed) this.#head = page.head;
    if (page.compacted > this.#position) {
      for (const subscriber of this.subscribers) subscriber.readLog();
      this.#position = page.head;
    } else {
      this.#offer(page.changes);
      this.#position = page.through;
    }
  }

  #offer(changes: readonly Change[]): void {
    const last = changes.at(-1);
    if (!last) return;
    for (const subscriber of this.subscribers) subscriber.offer(changes);
    this.#position = last.revision;
    if (last.revision > this.#head) this.#head = last.revision;
  }
}
