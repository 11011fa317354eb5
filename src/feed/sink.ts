/** Where the payloads of one subscription go: a socket, a response, or a queue in memory. No method throws. */
export interface Sink<T> {
  /** Accepts the payload of the next event. */
  send(payload: T): void;
  /** Holds back payloads until `uncork`, which writes them together. */
  cork(): void;
  uncork(): void;
  /** Whether the sink holds its maximum of unsent bytes. The feed then sends nothing until it has drained. */
  readonly isFull: boolean;
  /** Resolves when the sink is no longer full. It can stay pending after the client has disconnected. */
  drained(): Promise<void>;
}
