// What the agents of a job hand to one another: what came of a task, or why nothing did.

/** Why a task failed: which, who tried, the how-many-eth time, when and what went wrong. */
export interface Failure {
  task: string;
  agent: string;
  attempt: number;
  at: string;
  message: string;
}

/** What came of it. The compiler lets nobody use the value before they have looked whether there is one. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; error: Failure };

/** A task's input. What it `breaks` is for the show. */
export interface Task {
  csv: string;
  breaks?: "first attempt" | "every attempt" | "worker";
}

/** `work:<job>`: what is to be done. */
export interface Work {
  [task: `task:${string}`]: Task;
}

/** `results:<job>`: of each task its outcome, whichever way it went, so that one wait is told of both. */
export interface Results {
  [task: `task:${string}`]: Outcome<number>;
  /** What the summary makes of them. */
  summary: Outcome<{ rows: number }>;
}

/** `errors:<job>:attempts`: every attempt that failed, by task and attempt, such as `task:3/1`. */
export interface Attempts {
  [attempt: `task:${string}`]: Failure;
}

/** `errors:<job>:dead-letters`: tasks that were given up, with what they were, for a person to look at. */
export interface DeadLetters {
  [task: `task:${string}`]: { task: Task; error: Failure };
}

/** Everything that went wrong, of every job, is under this prefix: one watch sees it all. */
export const errorsPrefix = "errors:";

/** How often a task is tried. */
export const maxAttempts = 2;
