// What the producer and the consumer agree on: where things are, and what they look like.
import type { DataStore, Namespace, Revision } from "baton-store/client";

export type ReportName = `report-${string}`;
export type AnswerKey = `answer/${ReportName}`;

/** That there is something to do, and where it is. */
export interface Handoff {
  readonly report: ReportName;
}

export interface Handoffs {
  [name: ReportName]: Handoff;
}

/** The producer's own: the reports, and the number of the latest. */
export interface Reports {
  counter: number;
  [name: ReportName]: { text: string };
}

/** The consumer's own: an answer a handoff, and the revision that it has come to. */
export interface Answers {
  position: Revision;
  [answer: AnswerKey]: { words: number };
}

export interface Namespaces {
  readonly handoffs: Namespace<Handoffs>;
  readonly reports: Namespace<Reports>;
  readonly answers: Namespace<Answers>;
}

/** @param name of the first namespace; the names of the others begin with it */
export function namespacesOf(store: DataStore, name = "handoff"): Namespaces {
  return {
    handoffs: store.namespace(name),
    reports: store.namespace(`${name}:producer`),
    answers: store.namespace(`${name}:consumer`),
  };
}
