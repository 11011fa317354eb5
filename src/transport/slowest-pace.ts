/** The slowest pace at which a client can send a body, or a message of a socket. */
export interface Pace {
  readonly periodMs: number;
  /** Each period must bring at least this many bytes, except the one in which the body or message ends. */
  readonly bytesPerPeriod: number;
}

/**
 * 1 KiB per second. It is measured per period: an average over the whole body would let a client send most of a large
 * body quickly, and then hold its memory for hours.
 */
export const slowestPace: Pace = { periodMs: 15_000, bytesPerPeriod: 15 * 1024 };

/** The time that a body of this size takes at the slowest pace. */
export function slowestMs(bytes: number, { periodMs, bytesPerPeriod }: Pace = slowestPace): number {
  return (Math.ceil(bytes / bytesPerPeriod) + 1) * periodMs;
}
