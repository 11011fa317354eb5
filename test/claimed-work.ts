import { expect } from "vitest";
import { claim, complete, refusedWhole, release, renew, setMany } from "./operations.ts";

type Server = { readonly url: string; readonly token: string };

interface Held {
  readonly namespace: string;
  readonly key: string;
  readonly token: string;
}

let namespaces = 0;

/** Creates a separate namespace with these keys to claim. A suffix makes each key unique. */
export async function newWork(
  server: Server,
  ...names: readonly string[]
): Promise<{ namespace: string; keys: string[] }> {
  const namespace = `work:${++namespaces}`;
  const keys = names.map((name) => `${name}:${namespaces}`);
  await setMany(
    server,
    namespace,
    keys.map((key) => ({ key, value: key })),
  );
  return { namespace, keys };
}

/** An entry, alone in its namespace, and a worker's claim of it. */
export async function claimedWork(server: Server) {
  const { namespace, keys } = await newWork(server, "task");
  const place = { namespace, key: keys[0] as string };
  const { token } = (await claim(server, { namespace })).claim;
  return { place, held: { ...place, token } as Held };
}

/** Expects that every operation with this claim is refused. */
export async function expectLost(server: Server, held: Held): Promise<void> {
  const operations = [{ set: { key: "of a lost claim", value: 1 } }];
  for (const call of [
    () => complete(server, { ...held, value: "stolen", operations }),
    () => renew(server, held),
    () => release(server, held),
  ]) {
    expect(await refusedWhole(server, call)).toEqual({
      code: "CLAIM_LOST",
      argument: "input.token",
      namespace: held.namespace,
      key: held.key,
    });
  }
}
