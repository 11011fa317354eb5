import { badUserInput } from "./errors.ts";

const callbacks = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal aborts, or at once if it has; returns what takes that back. However many ask, a signal has
 * one listener: Node warns of more than ten.
 */
function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
    return () => {};
  }
  let waiting = callbacks.get(signal);
  if (!waiting) {
    const all = new Set<() => void>();
    signal.addEventListener("abort", () => all.forEach((call) => call()), { once: true });
    callbacks.set(signal, all);
    waiting = all;
  }
  waiting.add(callback);
  return () => void waiting.delete(callback);
}

/** A controller that any of these signals aborts, until it is unlinked. */
export function linked(...signals: readonly (AbortSignal | undefined)[]) {
  const controller = new AbortController();
  const takeBack = signals.map(
    (signal) => signal && onAbort(signal, () => controller.abort(signal.reason)),
  );
  const unlink = () => {
    for (const link of takeBack) link?.();
  };
  return { controller, signal: controller.signal, unlink };
}

/** The longest that a timer runs; a longer one would end at once. */
const maxTimerMs = 2 ** 31 - 1;

/** Calls back after a time, and for a longer one than a timer can have never; returns what takes that back. */
export function after(delayMs: number, callback: () => void): () => void {
  if (delayMs > maxTimerMs) return () => {};
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

/** @throws BAD_USER_INPUT unless it is a time, for which `Infinity` is one, too */
export function requireDuration(argument: string, duration: number): number {
  if (duration >= 0) return duration;
  throw badUserInput(argument, `Must be 0 or more; this is ${duration}.`);
}

/** As `linked`, and aborts by itself after a time; `Infinity` for never. */
export function linkedFor(
  timeoutMs: number,
  reason: () => unknown,
  ...signals: readonly (AbortSignal | undefined)[]
) {
  const link = linked(...signals);
  const stop = after(timeoutMs, () => link.controller.abort(reason()));
  const unlink = () => {
    stop();
    link.unlink();
  };
  return { ...link, unlink };
}

/** Node's timers have a method for it, Deno's are numbers, browsers need none. */
function unref(timer: unknown): void {
  const { Deno } = globalThis as { Deno?: { unrefTimer?: (timer: unknown) => void } };
  if (typeof timer === "number") Deno?.unrefTimer?.(timer);
  else (timer as { unref?: () => void }).unref?.();
}

/** As the work; rejects with the signal's reason as soon as that aborts. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const takeBack = onAbort(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(takeBack);
  });
}

/**
 * Resolves after a time, or the longest that a timer runs; rejects with the signal's reason as soon as that aborts.
 * @param keepsProcess false: a process with nothing else to do may end meanwhile
 */
export function pause(delayMs: number, signal: AbortSignal, keepsProcess = true): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => {
        takeBack();
        resolve();
      },
      Math.min(delayMs, maxTimerMs),
    );
    if (!keepsProcess) unref(timer);
    const takeBack = onAbort(signal, () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
