import { resolve } from "node:path";
import type { Config } from "../config.ts";
import { StartError } from "../start-error.ts";

/** The database: a SQLite file, or the URL of a PostgreSQL database. */
export type DatabasePlace =
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly url: string };

/**
 * Returns the database that the configuration names.
 * @throws StartError if DATABASE_URL is neither a PostgreSQL URL nor the path of a SQLite file
 */
export function databaseOf(config: Pick<Config, "dataDir" | "databaseUrl">): DatabasePlace {
  const { databaseUrl } = config;
  if (databaseUrl === "") return { kind: "sqlite", file: resolve(config.dataDir, "baton.db") };
  const path = /^file:(?:\/\/(?=\/))?(.+)$/.exec(databaseUrl)?.[1];
  if (path !== undefined) return { kind: "sqlite", file: resolve(path) };
  // A URL can contain a password, so the message shows only its scheme.
  const scheme = /^[a-z+]+:/i.exec(databaseUrl)?.[0] ?? "something else";
  if (!/^postgres(ql)?:$/i.test(scheme)) {
    throw new StartError(
      `DATABASE_URL must be postgresql://… or file:<path> of a SQLite database, or be left out; this is ${scheme}.`,
      2,
    );
  }
  if (!URL.canParse(databaseUrl)) {
    throw new StartError(
      "DATABASE_URL is not a valid URL. Write postgresql://user:password@host:5432/database, and percent-encode " +
        "characters such as @ : / # in the password.",
      2,
    );
  }
  return { kind: "postgres", url: databaseUrl };
}

/** The location of the database, without the password, for messages. */
export function describePlace(place: DatabasePlace): string {
  if (place.kind === "sqlite") return place.file;
  const { host, pathname } = new URL(place.url);
  return `postgresql://${host}${pathname}`;
}
