// The names and types that the stages share. A job is a namespace, `pipeline:<job>`, and each stage's output is a key
// of it.

/** The outputs that are handed from stage to stage. */
export interface Steps {
  /** The request for the job. */
  request: { readonly url: string };
  page: { readonly url: string; readonly text: string };
  outline: { readonly url: string; readonly sections: readonly Section[] };
  figures: {
    readonly url: string;
    readonly sections: number;
    readonly words: number;
    readonly longest: string;
  };
  report: { readonly text: string };
}

export interface Section {
  readonly title: string;
  readonly text: string;
}

/** Handed on instead of an output, so that the failure reaches the reader of the report. */
export interface Failure {
  readonly error: string;
}

export type Job = { [step in keyof Steps]: Steps[step] | Failure };

export const jobPrefix = "pipeline:";

/** Jobs expire after a day. A stage that starts reads all existing jobs. */
export const ttlSeconds = 86_400;
