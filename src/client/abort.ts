import { badUserInput } from "./errors.ts";

const callbacks = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls the callback when the signal aborts, or immediately if it has already aborted. Returns a function that cancels
 * this. Each signal has only one listener, because Node warns of more than ten.
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

/** Creates a controller that aborts when any of these signals aborts, until it is unlinked. */
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

/** The longest delay that a timer supports. A timer with a longer delay would fire immediately. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Calls the callback after a delay. Never calls it if the delay is longer than a timer supports. Returns a function
 * that cancels the timer.
 */
export function after(delayMs: number, callback: () => void): () => void {
  if (delayMs > maxTimerMs) return () => {};
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

/** @throws BAD_USER_INPUT if the duration is negative or not a number; `Infinity` is valid */
export function requireDuration(argument: string, duration: number): number {
  if (duration >= 0) return duration;
  throw badUserInput(argument, `Must be 0 or more, but is ${duration}.`);
}

/** Same as `linked`, and also aborts after a timeout. `Infinity` means no timeout. */
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

/**
 * Lets the process exit while the timer runs. Node's timers have a method for it, and Deno has a function. Browsers
 * need neither.
 */
function unref(timer: unknown): void {
  const { Deno } = globalThis as { Deno?: { unrefTimer?: (timer: unknown) => void } };
  if (typeof timer === "number") Deno?.unrefTimer?.(timer);
  else (timer as { unref?: () => void }).unref?.();
}

/** Settles as the work does, but rejects with the signal's reason as soon as the signal aborts. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const takeBack = onAbort(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(takeBack);
  });
}

/**
 * Resolves after a delay, capped at the longest that a timer supports. Rejects with the signal's reason as soon as the
 * signal aborts.
 * @param keepsProcess if false, the process can exit during the pause when it has nothing else to do
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
