// The agents of the demo: the programs of the other examples, each a process of its own.
import { AgentProcess } from "../agent-process.ts";

export class Cast {
  readonly #all: AgentProcess[] = [];
  /** Rejects when one of them fails: what the demo waits for might then never come. */
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
