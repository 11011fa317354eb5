// The entries of a job during its work, and its result.
import type { DataStore } from "baton-store/client";

export interface Meta {
  state: "running" | "done";
  worker: string;
}

/** `job:<id>`: not needed after the job is done. */
export interface Job {
  /** A worker that takes up the job writes this entry first. */
  meta: Meta;
  [chunk: `chunk:${number}`]: { words: number };
}

/** `results`: the results that are kept, by the job's id. */
export interface Results {
  [job: string]: { words: number; chunks: number };
}

/** `clean-up`: the number of jobs that janitors have cleared, counted in the same write. */
export interface Totals {
  jobs: number;
  results: number;
}

export const jobPrefix = "job:";
/** Longer than any job. After that, the entries of the job expire, even if all workers and janitors have died. */
export const defaultTtlSeconds = 24 * 3_600;

export const jobOf = (store: DataStore, id: string) => store.namespace<Job>(`${jobPrefix}${id}`);
export const resultsOf = (store: DataStore) => store.namespace<Results>("results");
export const totalsOf = (store: DataStore) => store.namespace<Totals>("clean-up");
