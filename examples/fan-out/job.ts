// What splitter, workers and collector agree on: where things are, and what they look like.
import type { DataStore, Namespace } from "baton-store/client";
import type { Counts } from "./words.ts";

/** A piece of a document until it is done; then what came of it. */
export interface Task {
  readonly document: string;
  readonly text?: string;
  readonly words?: Counts;
  /** Why it was given up. */
  readonly error?: string;
}

export interface Tasks {
  [key: `task:${string}`]: Task;
}

/** How far a job is. It is done when as many tasks are completed as there are. */
export interface Progress {
  readonly total: number;
  readonly completed: number;
  /** How many of the completed were given up. */
  readonly failed: number;
}

export interface Job {
  progress: Progress;
  result: Counts;
}

/** What a job leaves in the store goes by itself, a day later. */
export const ttlSeconds = 86_400;

export interface Namespaces {
  readonly job: Namespace<Job>;
  /** Apart from the job: every entry in here is work, to be claimed. */
  readonly tasks: Namespace<Tasks>;
}

/** @param name of the first namespace; that of the tasks begins with it */
export function namespacesOf(store: DataStore, name = "fan-out:words"): Namespaces {
  return { job: store.namespace(name), tasks: store.namespace(`${name}:tasks`) };
}

export function isDone(progress: Progress | undefined): boolean {
  return progress !== undefined && progress.completed >= progress.total;
}
