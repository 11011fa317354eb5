// What the stages agree on. A job is a namespace, `pipeline:<job>`, and each stage's output a key of it.

/** What is handed from stage to stage. */
export interface Steps {
  /** From whoever wants the job done. */
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

/** Handed on in place of an output, so that whoever waits for the report is told. */
export interface Failure {
  readonly error: string;
}

export type Job = { [step in keyof Steps]: Steps[step] | Failure };

export const jobPrefix = "pipeline:";

/** Jobs go by themselves, a day later: a stage that starts sees all there are. */
export const ttlSeconds = 86_400;
