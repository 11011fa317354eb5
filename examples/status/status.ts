// What the workers report and the monitor shows.

/** How far an agent has come. */
export interface Status {
  phase: "fetch" | "parse" | "index" | "done";
  /** How many steps it has done, of how many. */
  step: number;
  steps: number;
}

/** A key for each agent: its name. */
export interface Statuses {
  [agent: string]: Status;
}

export const statusesOf = (job: string) => `status:${job}`;

/** So long after its last sign of life an agent's status goes by itself: a few may be late or lost. */
export const ttlSeconds = 3;
/** How often an agent gives a sign of life. */
export const beatMs = 500;
/** Whoever is done has nothing more to say: that stays for an hour. */
export const doneTtlSeconds = 3_600;
