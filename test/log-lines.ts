import { Writable } from "node:stream";

/** The lines of a log, for a test to wait for. */
export class LogLines {
  readonly all: Record<string, unknown>[] = [];
  #wake = () => {};
  readonly stream = new Writable({
    write: (chunk, _encoding, done) => {
      this.all.push(JSON.parse(String(chunk)) as Record<string, unknown>);
      this.#wake();
      done();
    },
  });

  /** Returns the first line that matches, among past and future lines. */
  async find(isIt: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const line = this.all.find(isIt);
      if (line) return line;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
