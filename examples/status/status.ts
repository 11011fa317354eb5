// The status that the workers report and the monitor shows.

/** The progress of an agent. */
export interface Status {
  phase: "fetch" | "parse" | "index" | "done";
  /** The number of completed steps, and of all steps. */
  step: number;
  steps: number;
}

/** A key for each agent: its name. */
export interface Statuses {
  [agent: string]: Status;
}

export const statusesOf = (job: string) => `status:${job}`;

/** An agent's status expires this long after its last heartbeat. A few heartbeats can be late or lost. */
export const ttlSeconds = 3;
/** The interval between an agent's heartbeats. */
export const beatMs = 500;
/** The status of an agent that is done stays for an hour. */
export const doneTtlSeconds = 3_600;
