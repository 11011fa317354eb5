// The namespaces and types that the producer and the consumer share.
import type { DataStore, Namespace, Revision } from "baton-store/client";

export type ReportName = `report-${string}`;
export type AnswerKey = `answer/${ReportName}`;

/** A handoff: the location of a report to answer. */
export interface Handoff {
  readonly report: ReportName;
}

export interface Handoffs {
  [name: ReportName]: Handoff;
}

/** Written by the producer: the reports, and the number of the latest. */
export interface Reports {
  counter: number;
  [name: ReportName]: { text: string };
}

/** Written by the consumer: an answer for each handoff, and the revision that it has reached. */
export interface Answers {
  position: Revision;
  [answer: AnswerKey]: { words: number };
}

export interface Namespaces {
  readonly handoffs: Namespace<Handoffs>;
  readonly reports: Namespace<Reports>;
  readonly answers: Namespace<Answers>;
}

/** @param name the first namespace; the names of the others begin with it */
export function namespacesOf(store: DataStore, name = "handoff"): Namespaces {
  return {
    handoffs: store.namespace(name),
    reports: store.namespace(`${name}:producer`),
    answers: store.namespace(`${name}:consumer`),
  };
}
