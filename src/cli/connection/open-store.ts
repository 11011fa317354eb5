import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { DataStore } from "../../client/index.ts";
import { StartError } from "../../start-error.ts";
import { isThisMachine } from "../../this-machine.ts";
import { exactJson } from "./exact-json.ts";
import { connectionOf, isToken, type Connection } from "../flags/connection.ts";
import { exitCodes } from "../terminal/exit-codes.ts";

/**
 * Opens the store that the command's connection flags select.
 * @param retryForMs replaces the value of `--retry-for`
 * @throws StartError if a flag is not valid (usage), or if no token is found (denied)
 */
export async function openStore(command: Command, retryForMs?: number): Promise<DataStore> {
  const connection = await connectionWithToken(command);
  // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
  const { createDataStore } = await import("../../client/index.ts");
  return createDataStore({
    url: connection.url,
    token: connection.token,
    tokenName: connection.tokenName,
    agent: connection.agent,
    retryForMs: retryForMs ?? connection.retryForMs,
    // A write that is sent only once needs no idempotency record.
    retryWrites: connection.retryForMs > 0,
    // Standard error has only the error of the last attempt.
    onRetry: () => {},
    json: exactJson,
  });
}

/**
 * Returns the values of the connection flags. Without a token flag, reads the token in the server's data directory.
 * @throws StartError if a flag is not valid (usage), or if no token is found (denied)
 */
export async function connectionWithToken(command: Command): Promise<Connection> {
  const connection = connectionOf(command);
  return connection.token ? connection : { ...connection, ...(await readLocalToken(connection)) };
}

/** The token in the server's data directory. It is not sent to another machine unless the caller names the directory. */
async function readLocalToken({
  url,
  dataDir,
  isDataDirGiven,
}: Connection): Promise<Pick<Connection, "token" | "tokenName">> {
  const file = resolve(dataDir, "local.token");
  if (!isDataDirGiven && !isThisMachine(new URL(url).hostname)) {
    throw noToken(`${file} is not sent to another machine unless --data-dir names its folder.`);
  }
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "does not exist" : `cannot be read (${error.code})`;
    throw noToken(
      `${file} ${why}. Set BATON_TOKEN, or name the server's data directory with --data-dir (BATON_DATA_DIR).`,
    );
  });
  const token = text.trim();
  if (isToken(token)) return { token, tokenName: `The token in ${file}` };
  throw noToken(`${file} contains no token.`);
}

function noToken(why: string): StartError {
  return new StartError(`No token: BATON_TOKEN is not set, and ${why}`, exitCodes.denied);
}
