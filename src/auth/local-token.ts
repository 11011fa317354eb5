import { chmod, readFile, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { TokenTable } from "../database/database.ts";
import { makeFolder } from "../make-folder.ts";
import { StartError } from "../start-error.ts";
import { createToken, hashSecret, tokenFault } from "./token.ts";

/** The user that a fresh installation belongs to. */
const localUser = "local";

/** The token of the person who runs the server, as far as there is one. */
export interface LocalToken {
  readonly file: string;
  readonly secret: string;
}

/**
 * With no token in the database, makes the user `local` one that may do everything, and writes it to `local.token`
 * in the data directory, for its owner's eyes only. Later it is read back from there.
 * @returns null when the file is gone or its token does not count any more
 */
export async function ensureLocalToken(
  dataDir: string,
  tokens: TokenTable,
): Promise<LocalToken | null> {
  const file = resolve(dataDir, "local.token");
  if (await tokens.isEmpty()) {
    const { token, secret } = createToken(
      {
        userId: localUser,
        agent: null,
        scopes: ["read", "write"],
        namespacePatterns: ["*"],
        expiresAt: null,
      },
      new Date(),
    );
    // The file first: a token without its file could not be had again.
    try {
      await makeFolder(dirname(file));
      await writeFile(file, `${secret}\n`, { mode: 0o600 });
      await chmod(file, 0o600);
    } catch (error) {
      throw unusable(file, error);
    }
    await tokens.insert(token);
    return { file, secret };
  }
  const secret = await readSecret(file);
  const token = secret === null ? null : await tokens.findByHash(hashSecret(secret));
  return secret !== null && token && tokenFault(token, new Date()) === null
    ? { file, secret }
    : null;
}

async function readSecret(file: string): Promise<string | null> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw unusable(file, error);
  }
}

function unusable(file: string, error: unknown): StartError {
  const { code } = error as NodeJS.ErrnoException;
  return new StartError(
    `${file}, for the local token, can't be used (${code}). Move away what is there.`,
  );
}
