// The namespaces and types that the splitter, the workers and the collector share.
import type { DataStore, Namespace } from "baton-store/client";
import type { Counts } from "./words.ts";

/** A piece of a document until it is done; then its result. */
export interface Task {
  readonly document: string;
  readonly text?: string;
  readonly words?: Counts;
  /** The reason if it was given up. */
  readonly error?: string;
}

export interface Tasks {
  [key: `task:${string}`]: Task;
}

/** The progress of a job. It is done when all tasks are completed. */
export interface Progress {
  readonly total: number;
  readonly completed: number;
  /** The number of completed tasks that were given up. */
  readonly failed: number;
}

export interface Job {
  progress: Progress;
  result: Counts;
}

/** The entries of a job expire after a day. */
export const ttlSeconds = 86_400;

export interface Namespaces {
  readonly job: Namespace<Job>;
  /** Separate from the job, because every entry in it is a task. */
  readonly tasks: Namespace<Tasks>;
}

/** @param name the first namespace; the name of the tasks' namespace begins with it */
export function namespacesOf(store: DataStore, name = "fan-out:words"): Namespaces {
  return { job: store.namespace(name), tasks: store.namespace(`${name}:tasks`) };
}

export function isDone(progress: Progress | undefined): boolean {
  return progress !== undefined && progress.completed >= progress.total;
}
