import { signal } from "@preact/signals";

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly isError: boolean;
}

export const toasts = signal<readonly Toast[]>([]);
let last = 0;

/** Shows a message for a few seconds, and announces it to screen readers. */
export function say(text: string, isError = false): void {
  const toast = { id: ++last, text, isError };
  toasts.value = [...toasts.value.slice(-2), toast];
  setTimeout(() => dismiss(toast.id), isError ? 9_000 : 3_500);
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}
