// The agents of the demo: the programs of the other examples, each in a separate process.
import { AgentProcess } from "../agent-process.ts";

export class Cast {
  readonly #all: AgentProcess[] = [];
  /** Rejects if one of them fails, because the demo could then wait without an end. */
  readonly failed: Promise<never>;
  #fail: (error: Error) => void = () => {};

  constructor() {
    this.failed = new Promise((_, reject) => (this.#fail = reject));
    this.failed.catch(() => {});
  }

  /** @param program under `examples`, such as `fan-out/worker` */
  start(program: string, ...args: string[]): AgentProcess {
    const file = new URL(`../${program}.ts`, import.meta.url);
    const agent = new AgentProcess(program, file, args, "nothing");
    this.#all.push(agent);
    agent.exit.then(
      (code) => code && this.#fail(new Error(`${program} ended with ${code}.`)),
      this.#fail,
    );
    return agent;
  }

  async end(): Promise<void> {
    await Promise.all(this.#all.map((agent) => agent.kill()));
  }
}
