import { serveProcess, temporaryFolder } from "./baton-process.ts";

type Instance = Awaited<ReturnType<typeof serveProcess>>;

/** Instances, each in a separate process. They share a data directory, and therefore a token. */
export interface Instances<All extends readonly unknown[]> extends AsyncDisposable {
  readonly all: { readonly [Index in keyof All]: Instance };
}

/** @param argLists the arguments of each instance. The first one is the value of `--database-url`. */
export async function serveInstances<All extends readonly (readonly string[])[]>(
  ...argLists: All
): Promise<Instances<All>> {
  const folder = await temporaryFolder();
  const all: Instance[] = [];
  const end = async () => {
    await Promise.all(all.map((instance) => instance[Symbol.asyncDispose]()));
    await folder[Symbol.asyncDispose]();
  };
  try {
    // One after the other, so that the first instance has created the tables and the token before the others start.
    for (const args of argLists) {
      all.push(await serveProcess(folder.path, ["--database-url", ...args]));
    }
  } catch (error) {
    await end();
    throw error;
  }
  return { all: all as unknown as Instances<All>["all"], [Symbol.asyncDispose]: end };
}

/** One instance. */
export async function serveInstance(databaseUrl: string, ...args: string[]) {
  const instances = await serveInstances([databaseUrl, ...args] as const);
  const [instance] = instances.all;
  const { child, url, token } = instance;
  const kill = (signal: NodeJS.Signals) => instance.kill(signal);
  return { child, url, token, kill, [Symbol.asyncDispose]: instances[Symbol.asyncDispose] };
}

/** The status of a health check. */
export async function health(server: { readonly url: string }, check: "live" | "ready") {
  const response = await fetch(`${server.url}/health/${check}`);
  await response.arrayBuffer();
  return response.status;
}

/** Waits until the condition holds, and returns the duration. Throws after `maxMs`. */
export async function msUntil(
  holds: () => boolean | Promise<boolean>,
  maxMs = Number.POSITIVE_INFINITY,
): Promise<number> {
  const begin = performance.now();
  while (!(await holds())) {
    if (performance.now() - begin > maxMs)
      throw new Error(`This did not hold within ${maxMs} ms: ${holds}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return Math.round(performance.now() - begin);
}

/** Waits until the health check has this status, and returns the duration. */
export function msUntilReady(server: { readonly url: string }, status: 200 | 503): Promise<number> {
  return msUntil(async () => (await health(server, "ready")) === status);
}

/** Waits for the work, and returns the duration. */
export async function msOf(work: Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work;
  return Math.round(performance.now() - begin);
}
