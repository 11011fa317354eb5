// What a job leaves behind while it is at work, and what it is for.
import type { DataStore } from "baton-store/client";

export interface Meta {
  state: "running" | "done";
  worker: string;
}

/** `job:<id>`: of no use to anybody once the job is done. */
export interface Job {
  /** Whoever takes up the job writes this first. */
  meta: Meta;
  [chunk: `chunk:${number}`]: { words: number };
}

/** `results`: what is kept, by the job's id. */
export interface Results {
  [job: string]: { words: number; chunks: number };
}

/** `clean-up`: what janitors have cleared, counted with it. */
export interface Totals {
  jobs: number;
  results: number;
}

export const jobPrefix = "job:";
/** Longer than any job takes. After that what it has left goes by itself, whatever becomes of workers and janitors. */
export const defaultTtlSeconds = 24 * 3_600;

export const jobOf = (store: DataStore, id: string) => store.namespace<Job>(`${jobPrefix}${id}`);
export const resultsOf = (store: DataStore) => store.namespace<Results>("results");
export const totalsOf = (store: DataStore) => store.namespace<Totals>("clean-up");
