/** Where the payloads of one subscription go: a socket, a response, or a queue in memory. No method throws. */
export interface Sink<T> {
  /** Takes the payload of the next event. */
  send(payload: T): void;
  /** Holds back what is sent until `uncork`, which passes it on in one write. */
  cork(): void;
  uncork(): void;
  /** Whether the sink holds as many unsent bytes as it may. The feed then sends nothing until it has drained. */
  readonly isFull: boolean;
  /** Resolves when there is room again. It may stay pending after the other side has gone. */
  drained(): Promise<void>;
}
