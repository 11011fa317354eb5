import { serveProcess, temporaryFolder } from "./baton-process.ts";

type Instance = Awaited<ReturnType<typeof serveProcess>>;

/** Instances, each a process of its own. They share a data directory, and so a token. */
export interface Instances<All extends readonly unknown[]> extends AsyncDisposable {
  readonly all: { readonly [Index in keyof All]: Instance };
}

/** @param argLists of each instance, its `--database-url` first and without its name */
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
    // One after another: so the first has made the tables and the token before the others look.
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

/** The status that a health check answers with. */
export async function health(server: { readonly url: string }, check: "live" | "ready") {
  const response = await fetch(`${server.url}/health/${check}`);
  await response.arrayBuffer();
  return response.status;
}

/** Waits until it holds; returns how long that took. Throws when it takes longer than `maxMs`. */
export async function msUntil(
  holds: () => boolean | Promise<boolean>,
  maxMs = Number.POSITIVE_INFINITY,
): Promise<number> {
  const begin = performance.now();
  while (!(await holds())) {
    if (performance.now() - begin > maxMs) throw new Error(`After ${maxMs} ms: not ${holds}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return Math.round(performance.now() - begin);
}

/** Waits for the health check to answer so; returns how long that took. */
export function msUntilReady(server: { readonly url: string }, status: 200 | 503): Promise<number> {
  return msUntil(async () => (await health(server, "ready")) === status);
}

/** Waits for it; returns how long that took. */
export async function msOf(work: Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work;
  return Math.round(performance.now() - begin);
}
