import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SignJWT } from "jose";
import { serveProcess, temporaryFolder } from "../process/baton-process.ts";
import { startOwnPostgres } from "../process/own-postgres.ts";
import type { FakeClock } from "./fake-clock.ts";

const issuer = "https://issuer.example";
const audience = "baton";
const secret = "a secret of thirty-two bytes, or more";

/** A server whose database reads a clock that can be set. On SQLite the server itself reads it, too. */
export interface TimedStore extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  /** Signs a JWT that the server accepts for this time. */
  signJwt(expiresInSeconds: number): Promise<string>;
}

export async function startTimedStore(
  database: "sqlite" | "postgres",
  clock: FakeClock,
): Promise<TimedStore> {
  const started: AsyncDisposable[] = [];
  const stop = async () => {
    for (const each of started.reverse()) await each[Symbol.asyncDispose]();
  };
  try {
    const folder = await temporaryFolder();
    started.push(folder);
    const secretFile = join(folder.path, "secret");
    await writeFile(secretFile, secret);
    const args = ["--jwt-issuer", issuer, "--jwt-audience", audience];
    args.push("--jwt-secret-file", secretFile);
    if (database === "postgres") {
      const postgres = await startOwnPostgres({ env: clock.env });
      started.push(postgres);
      args.push("--database-url", (await postgres.createDatabase()).url);
    }
    const env = database === "sqlite" ? clock.env : {};
    const server = await serveProcess(folder.path, args, env);
    started.push(server);
    return { url: server.url, token: server.token, signJwt, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function signJwt(expiresInSeconds: number): Promise<string> {
  return new SignJWT({ scope: "read write" })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject("local")
    .setExpirationTime(new Date(Date.now() + expiresInSeconds * 1_000))
    .sign(new TextEncoder().encode(secret));
}
