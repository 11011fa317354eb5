import { changeBytes } from "../store/model/change.ts";
import type { FeedEvent } from "./feed-event.ts";
import type { Sink } from "./sink.ts";

/** The bounds of the events that wait in memory for one subscriber in this process. */
export interface QueueBounds {
  readonly maxChanges: number;
  readonly maxBytes: number;
}

/** The sink of a subscriber in this process, which reads one event at a time. */
export class EventQueue implements Sink<FeedEvent> {
  readonly #bounds: QueueBounds;
  readonly #events: FeedEvent[] = [];
  #bytes = 0;
  #notifyEvent: (() => void) | null = null;
  #notifyRoom: (() => void) | null = null;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get isFull(): boolean {
    return this.#events.length >= this.#bounds.maxChanges || this.#bytes >= this.#bounds.maxBytes;
  }

  send(event: FeedEvent): void {
    this.#events.push(event);
    this.#bytes += bytesOf(event);
    this.#notifyEvent?.();
    this.#notifyEvent = null;
  }

  cork(): void {}

  uncork(): void {}

  async drained(): Promise<void> {
    while (this.isFull) await new Promise<void>((resolve) => (this.#notifyRoom = resolve));
  }

  /** Removes and returns the next event; undefined if the queue is empty. */
  take(): FeedEvent | undefined {
    const event = this.#events.shift();
    if (event) this.#bytes -= bytesOf(event);
    if (!this.isFull) {
      this.#notifyRoom?.();
      this.#notifyRoom = null;
    }
    return event;
  }

  /** Resolves with the next `send`. */
  arrival(): Promise<void> {
    return new Promise((resolve) => (this.#notifyEvent = resolve));
  }
}

function bytesOf(event: FeedEvent): number {
  return event.kind === "EXISTING" || event.kind === "CAUGHT_UP" || event.kind === "BOOKMARK"
    ? 200 + (event.kind === "EXISTING" ? event.entry.sizeBytes : 0)
    : changeBytes(event);
}
