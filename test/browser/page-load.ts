import type { Page } from "playwright-core";
import { setMany } from "../operations.ts";

type Server = { readonly url: string; readonly token: string };

const maxBatch = 500;
const batchMs = 100;
/** The number of keys, which are written repeatedly. */
const keys = 200;

/**
 * Writes a number of changes, as fast as the server accepts them, or at a rate.
 * @returns the revision of the last one
 */
export async function playChanges(
  server: Server,
  { count, perSecond }: { readonly count: number; readonly perSecond?: number },
): Promise<string> {
  const batch = perSecond === undefined ? maxBatch : (perSecond * batchMs) / 1_000;
  const begin = performance.now();
  let revision = "0";
  for (let done = 0; done < count; done += batch) {
    const dueAt = perSecond === undefined ? 0 : begin + (1_000 * done) / perSecond;
    const waitMs = dueAt - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const entries = Array.from({ length: Math.min(batch, count - done) }, (_, at) => ({
      key: `k${(done + at) % keys}${at >= keys ? `-${Math.floor(at / keys)}` : ""}`,
      value: done + at,
    }));
    ({ revision } = (await setMany(server, "played", entries)) as { revision: string });
  }
  return revision;
}

export interface Frames {
  readonly count: number;
  readonly medianMs: number;
  readonly ninetiethMs: number;
  readonly longestTaskMs: number;
}

/** Measures the frames of a page, and its longest task, during some work. */
export async function measureFrames(page: Page, work: () => Promise<unknown>): Promise<Frames> {
  await page.evaluate(`(() => {
    const measured = (window.measured = { frames: [], longest: 0, isOver: false });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) measured.longest = Math.max(measured.longest, duration);
    }).observe({ entryTypes: ["longtask"] });
    let last = performance.now();
    const frame = (now) => {
      measured.frames.push(now - last);
      last = now;
      if (!measured.isOver) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  })()`);
  await work();
  const { frames, longest } = (await page.evaluate(
    "(measured.isOver = true, { frames: measured.frames.slice(1), longest: measured.longest })",
  )) as { frames: number[]; longest: number };
  frames.sort((a, b) => a - b);
  const atShare = (share: number) =>
    Math.round(10 * (frames[Math.floor(share * frames.length)] ?? 0)) / 10;
  return {
    count: frames.length,
    medianMs: atShare(0.5),
    ninetiethMs: atShare(0.9),
    longestTaskMs: Math.round(longest),
  };
}

export interface Memory {
  readonly heapBytes: number;
  readonly nodes: number;
  readonly listeners: number;
}

/** Returns the memory of a page after garbage collection. */
export async function measureMemory(page: Page): Promise<Memory> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.getMetrics");
  const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0;
  await session.detach();
  return {
    heapBytes: of("JSHeapUsedSize"),
    nodes: of("Nodes"),
    listeners: of("JSEventListeners"),
  };
}
