import { signal } from "@preact/signals";
import { request } from "./graphql.ts";
import { subscribersFields, type SubscribersAnswer } from "./handoff-facts.ts";
import { messageOf } from "./session.ts";

/** The data of the overview, apart from the log. */
export interface OverviewReading {
  readonly headRevision: string;
  readonly usage: {
    readonly entryCount: number;
    readonly namespaceCount: number;
    readonly sizeBytes: number;
  };
  /** 0: no limit. */
  readonly limits: {
    readonly maxEntries: number;
    readonly maxNamespaces: number;
    readonly maxStoredMebibytes: number;
  };
  readonly subscribers: SubscribersAnswer["viewer"]["subscribers"];
}

const readMs = 3_000;
const chartMs = 15_000;
const minutes = 60;
const maxSamples = (minutes * 60_000) / readMs;

export interface SubscriberSample {
  readonly at: number;
  readonly count: number;
  /** The number of revisions by which the slowest subscriber is behind. */
  readonly lag: number;
}

export const reading = signal<OverviewReading | null>(null);
/** The reason why the server is not healthy, or null. */
export const unhealthyReason = signal<string | null>(null);
/** The number of changes in each of the last minutes, the latest last. Null before the first read. */
export const changesByMinute = signal<readonly number[] | null>(null);
/** Samples since the overview was first opened. The server does not record earlier values. */
export const samples: SubscriberSample[] = [];

const document = `query overview {
  viewer {
    headRevision usage { entryCount namespaceCount sizeBytes }
    limits { maxEntries maxNamespaces maxStoredMebibytes }
    subscribers { ${subscribersFields} }
  }
}`;

const secondsAgo = Array.from({ length: minutes + 1 }, (_, at) => 60 * (minutes - at));

async function readChart(): Promise<void> {
  const { viewer } = await request<{ viewer: { headRevisionsAgo: readonly string[] } }>(
    "query growth($secondsAgo: [Int!]!) { viewer { headRevisionsAgo(secondsAgo: $secondsAgo) } }",
    { secondsAgo },
  );
  const heads = viewer.headRevisionsAgo.map(Number);
  changesByMinute.value = heads.slice(1).map((head, at) => head - (heads[at] as number));
}

/** Reads the reason why the server is not ready. Null if it is ready, or does not respond. */
async function readFault(): Promise<string | null> {
  const ready = await fetch("health/ready");
  if (ready.status !== 503) return null;
  return ((await ready.json()) as { reason?: string }).reason ?? "The server is not ready.";
}

/** Reads the data every few seconds, until the returned function is called. */
export function followOverview(): () => void {
  let isOver = false;
  const read = async () => {
    try {
      const [{ viewer }, found] = await Promise.all([
        request<{ viewer: OverviewReading }>(document),
        readFault(),
      ]);
      if (isOver) return;
      reading.value = viewer;
      unhealthyReason.value = found;
      const { subscriptionCount, waitCount, slowest } = viewer.subscribers;
      const lag = slowest[0]?.lag ?? 0;
      samples.push({ at: Date.now(), count: subscriptionCount + waitCount, lag });
      if (samples.length > maxSamples) samples.shift();
    } catch (error) {
      if (!isOver) unhealthyReason.value = messageOf(error);
    }
  };
  const chart = () =>
    readChart().catch(() => {
      // The next read tries again.
    });
  void read();
  void chart();
  const timers = [setInterval(() => void read(), readMs), setInterval(() => void chart(), chartMs)];
  return () => {
    isOver = true;
    timers.forEach(clearInterval);
  };
}
