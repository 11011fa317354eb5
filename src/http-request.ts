import { IncomingMessage } from "node:http";
import { ReceivedBytes } from "./received-bytes.ts";

/**
 * A request whose body is kept in few blocks until it is read, and while it is paused. Node would keep a buffer for each
 * of its chunks, which can have one byte. The client can send as much as before.
 */
export class HttpRequest extends IncomingMessage {
  readonly #kept = new ReceivedBytes();
  #isUnread = true;
  #hasEnded = false;
  /** Not private, because Node's constructor sets it. */
  declare asksForUpgrade: boolean | null;

  /** Node's parser sets this property, and hands the connection to the listeners of `upgrade` if it is true. */
  set upgrade(asksForUpgrade: boolean | null) {
    this.asksForUpgrade = asksForUpgrade;
  }

  /**
   * False for other protocols, such as h2c: the request is then handled as if it did not ask. Also false while an earlier
   * request of the connection has no response: that would be sent within the new protocol.
   */
  get upgrade(): boolean | null {
    if (!this.asksForUpgrade || this.method === "CONNECT") return this.asksForUpgrade;
    if (this.headers.upgrade?.toLowerCase() !== "websocket") return false;
    // Node keeps the current response here.
    const { _httpMessage: earlier } = this.socket as { _httpMessage?: object | null };
    return !earlier;
  }

  override push(chunk: Buffer | null): boolean {
    if (!this.#isUnread) return super.push(chunk);
    if (chunk === null) this.#hasEnded = true;
    else this.#kept.add(chunk);
    return this.#kept.length + this.readableLength < this.readableHighWaterMark;
  }

  override pause(): this {
    this.#isUnread = true;
    return super.pause();
  }

  override resume(): this {
    this.#deliver();
    return super.resume();
  }

  override _read(size: number): void {
    this.#deliver();
    super._read(size);
  }

  #deliver(): void {
    if (!this.#isUnread) return;
    this.#isUnread = false;
    for (const block of this.#kept.take()) super.push(block);
    if (this.#hasEnded) super.push(null);
  }
}
