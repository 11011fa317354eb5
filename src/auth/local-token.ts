import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { TokenTable } from "../store/contract.ts";
import { scopes } from "../store/model/grant.ts";
import type { Token } from "../store/model/token.ts";
import { makeFolder } from "../make-folder.ts";
import { StartError } from "../start-error.ts";
import { createToken, hashSecret, isSecret, tokenFault, type TokenInput } from "./token.ts";

/** The user that a fresh installation belongs to. */
const localUser = "local";

/** The token of the person who runs the server, as far as there is one. */
export interface LocalToken {
  readonly file: string;
  readonly secret: string;
}

/** Its name in every database, so that of several instances which start at once only one makes it. */
const localTokenId = "tok_local";

/**
 * With no token in the database, makes the user `local` one that may do everything, and writes it to `local.token`
 * in the data directory, for its owner's eyes only. Later it is read back from there.
 * @returns null when there is no such file here or its token does not count (any more)
 */
export async function ensureLocalToken(
  dataDir: string,
  tokens: TokenTable,
): Promise<LocalToken | null> {
  const file = fileIn(dataDir);
  if (await tokens.isEmpty()) await makeToken(file, tokens);
  const kept = await readToken(file, tokens);
  return kept && tokenFault(kept.token, new Date()) === null ? { file, secret: kept.secret } : null;
}

/** Whether the token is the one that the first start made, or the one in the file of this data directory. */
export async function isLocalToken(
  dataDir: string,
  tokens: TokenTable,
  tokenId: string,
): Promise<boolean> {
  if (tokenId === localTokenId) return true;
  const kept = await readToken(fileIn(dataDir), tokens);
  return kept?.token.tokenId === tokenId;
}

/**
 * Makes a token and writes it to `local.token` in the data directory, in the place of one that is no longer valid.
 * @throws StartError when the file has a valid token: nobody else may know its secret
 */
export async function saveLocalToken(
  dataDir: string,
  tokens: TokenTable,
  input: TokenInput,
): Promise<{ readonly tokenId: string; readonly file: string }> {
  const file = fileIn(dataDir);
  const now = new Date();
  const kept = await readToken(file, tokens);
  if (kept && tokenFault(kept.token, now) === null) {
    const { tokenId } = kept.token;
    throw new StartError(
      `${file} holds ${tokenId}, which is valid. Revoke it first: baton token revoke ${tokenId}`,
    );
  }
  const { token, secret } = createToken(input, now);
  await writeSecret(file, secret, (draft) => rename(draft, file));
  await tokens.insert(token);
  return { tokenId: token.tokenId, file };
}

/** The file first: a token without its file could not be had again. */
async function makeToken(file: string, tokens: TokenTable): Promise<void> {
  const { token, secret } = createToken(
    {
      userId: localUser,
      agent: null,
      grants: [{ scopes, namespacePattern: "*" }],
      expiresAt: null,
    },
    new Date(),
  );
  const kept = await keepSecret(file, secret);
  const hash = hashSecret(kept);
  await tokens.insertOnce({ ...token, tokenId: localTokenId, hash });
  // Another instance, with another data directory, may have been first.
  if (kept === secret && !(await tokens.findByHash(hash))) await rm(file, { force: true });
}

/** Where an instance with the same data directory was first, its secret counts. */
function keepSecret(file: string, secret: string): Promise<string> {
  return writeSecret(file, secret, async (draft) => {
    try {
      await link(draft, file);
      return secret;
    } catch {
      // It is there, or the file system has no links.
    }
    const found = await readSecret(file);
    if (found !== null && isSecret(found)) return found;
    await rename(draft, file);
    return secret;
  });
}

/**
 * Writes the file whole or not at all.
 * @param place puts the draft in the place of the file
 * @throws StartError that names the file
 */
async function writeSecret<T>(
  file: string,
  secret: string,
  place: (draft: string) => Promise<T>,
): Promise<T> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await makeFolder(dirname(file));
    await writeFile(draft, `${secret}\n`, { mode: 0o600 });
    return await place(draft);
  } catch (error) {
    throw error instanceof StartError ? error : unusable(file, error);
  } finally {
    await rm(draft, { force: true });
  }
}

/** The token whose secret is in the file, valid or not; null when there is none. */
async function readToken(
  file: string,
  tokens: TokenTable,
): Promise<{ readonly token: Token; readonly secret: string } | null> {
  const secret = await readSecret(file);
  const token = secret === null ? null : await tokens.findByHash(hashSecret(secret));
  return secret !== null && token ? { token, secret } : null;
}

function fileIn(dataDir: string): string {
  return resolve(dataDir, "local.token");
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
