// The data that the agents of a job hand to one another: the result of a task, or its error.

/** The failure of a task: the task, the agent, the attempt, the time and the message. */
export interface Failure {
  task: string;
  agent: string;
  attempt: number;
  at: string;
  message: string;
}

/** The outcome of a task. The compiler requires a check of `ok` before the use of the value. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; error: Failure };

/** A task's input. `breaks` simulates an error. */
export interface Task {
  csv: string;
  breaks?: "first attempt" | "every attempt" | "worker";
}

/** `work:<job>`: the tasks. */
export interface Work {
  [task: `task:${string}`]: Task;
}

/** `results:<job>`: the outcome of each task, a result or an error, so that one wait covers both. */
export interface Results {
  [task: `task:${string}`]: Outcome<number>;
  /** The result of the summary. */
  summary: Outcome<{ rows: number }>;
}

/** `errors:<job>:attempts`: every attempt that failed, by task and attempt, such as `task:3/1`. */
export interface Attempts {
  [attempt: `task:${string}`]: Failure;
}

/** `errors:<job>:dead-letters`: tasks that were given up, with their input, for a person to examine. */
export interface DeadLetters {
  [task: `task:${string}`]: { task: Task; error: Failure };
}

/** The errors of all jobs are under this prefix, so one watch receives them all. */
export const errorsPrefix = "errors:";

/** The maximum number of attempts of a task. */
export const maxAttempts = 2;
