// The namespaces of a job.
import type { DataStore } from "baton-store/client";
import {
  errorsPrefix,
  type Attempts,
  type DeadLetters,
  type Results,
  type Work,
} from "./outcome.ts";

export function jobOf(store: DataStore, job: string) {
  return {
    work: store.namespace<Work>(`work:${job}`),
    results: store.namespace<Results>(`results:${job}`),
    attempts: store.namespace<Attempts>(`${errorsPrefix}${job}:attempts`),
    deadLetters: store.namespace<DeadLetters>(`${errorsPrefix}${job}:dead-letters`),
  };
}
