import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { TokenTable } from "../store/contract.ts";
import { scopes } from "../store/model/grant.ts";
import type { Token } from "../store/model/token.ts";
import { makeFolder } from "../make-folder.ts";
import { StartError } from "../start-error.ts";
import { createToken, hashSecret, isSecret, invalidReason, type TokenInput } from "./token.ts";

/** The user of a new installation. */
const localUser = "local";

/** The token of the operator, in a file of the data directory. */
export interface LocalToken {
  readonly file: string;
  readonly secret: string;
}

/** Its `tokenId`, the same in every database, so that only one of several instances that start together creates it. */
const localTokenId = "tok_local";

/**
 * Creates a token with all permissions for the user `local`, if the database has no token, and writes its secret to
 * `local.token` in the data directory. Only the owner can read the file. Later starts read the secret from it.
 * @param created is called with the token, if it was created
 * @returns null if the file does not exist here, or its token is not valid
 */
export async function ensureLocalToken(
  dataDir: string,
  tokens: TokenTable,
  created: (token: Token) => void,
): Promise<LocalToken | null> {
  const file = fileIn(dataDir);
  if (await tokens.isEmpty()) await makeToken(file, tokens, created);
  const kept = await readToken(file, tokens);
  const isValid = kept !== null && invalidReason(kept.token, new Date()) === null;
  return isValid ? { file, secret: kept.secret } : null;
}

/** Whether a token is the one of the first start, or the one in the file of this data directory. */
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
 * Creates a token and writes its secret to `local.token` in the data directory. It replaces a token that is not valid.
 * @throws StartError if the file has a valid token, whose secret could otherwise be lost
 */
export async function saveLocalToken(
  dataDir: string,
  tokens: TokenTable,
  input: TokenInput,
): Promise<{ readonly token: Token; readonly file: string }> {
  const file = fileIn(dataDir);
  const now = new Date();
  const kept = await readToken(file, tokens);
  if (kept && invalidReason(kept.token, now) === null) {
    const { tokenId } = kept.token;
    throw new StartError(
      `${file} has the valid token ${tokenId}. Revoke it first: baton token revoke ${tokenId}`,
    );
  }
  const { token, secret } = createToken(input, now);
  await writeSecret(file, secret, (draft) => rename(draft, file));
  await tokens.insert(token);
  return { token, file };
}

/** Writes the file before the database: a token without its file could not be used. */
async function makeToken(
  file: string,
  tokens: TokenTable,
  created: (token: Token) => void,
): Promise<void> {
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
  const local = { ...token, tokenId: localTokenId, hash };
  if (await tokens.insertOnce(local)) created(local);
  // Another instance with another data directory can have been first.
  if (kept === secret && !(await tokens.findByHash(hash))) await rm(file, { force: true });
}

/** Writes the secret, or returns the secret of another instance with the same data directory that was first. */
function keepSecret(file: string, secret: string): Promise<string> {
  return writeSecret(file, secret, async (draft) => {
    try {
      await link(draft, file);
      return secret;
    } catch {
      // The file exists, or the file system does not support links.
    }
    const found = await readSecret(file);
    if (found !== null && isSecret(found)) return found;
    await rename(draft, file);
    return secret;
  });
}

/**
 * Writes the file completely or not at all.
 * @param place moves the draft to the path of the file
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
    // On the disk before its token is: otherwise a power failure could leave an empty file.
    await writeFile(draft, `${secret}\n`, { mode: 0o600, flush: true });
    return await place(draft);
  } catch (error) {
    throw error instanceof StartError ? error : unusable(file, error);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Reads the token whose secret is in the file, valid or not; null if there is none. */
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
    `${file}, the file of the local token, cannot be used (${code}). Move the existing file or folder away.`,
  );
}
