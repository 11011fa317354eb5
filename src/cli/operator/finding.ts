import { StartError } from "../../start-error.ts";

/** The result of one check. A failure keeps a server from serving, or is about to. */
export interface Finding {
  readonly check: string;
  readonly result: "ok" | "warning" | "failure";
  readonly message: string;
}

export const ok = (check: string, message: string): Finding => ({ check, result: "ok", message });
export const warning = (check: string, message: string): Finding => ({
  check,
  result: "warning",
  message,
});
export const failure = (check: string, message: string): Finding => ({
  check,
  result: "failure",
  message,
});

/** Does a part of a server's start. Returns the failure if the server would not start. */
export async function failureOf(check: string, work: () => unknown): Promise<Finding[]> {
  try {
    await work();
    return [];
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [failure(check, error.message)];
  }
}
