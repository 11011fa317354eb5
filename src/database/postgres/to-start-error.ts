import { describePlace } from "../database-place.ts";
import { StartError } from "../../start-error.ts";
import { MigrationError } from "../migrate.ts";
import { sqlState } from "./errors.ts";

/** Converts an error to one that says why the server cannot start on this database, and what to do. */
export function toStartError(url: string, error: unknown): StartError {
  const place = describePlace({ kind: "postgres", url });
  if (error instanceof MigrationError) return new StartError(`${place}: ${error.message}`);
  const { code, message } = innermost(error);
  switch (sqlState(error)?.slice(0, 2)) {
    case "28":
      return new StartError(
        `${place} rejects the user or the password of DATABASE_URL: ${message}.`,
      );
    case "3D":
      return new StartError(`${place}: ${message}. Create it, or correct DATABASE_URL.`);
    case "53":
      return new StartError(
        `${place} lacks connections, memory or disk space: ${message}. Free some, or allow more.`,
      );
    case "25":
      return new StartError(
        `${place} is read-only, like a standby. Use the address of the primary.`,
      );
    case "42":
      return new StartError(
        `${place} cannot be used: ${message}. Let the role of DATABASE_URL own Baton's tables.`,
      );
    case "57":
      return new StartError(`${place} is not ready: ${message}. Start again in a moment.`);
    default:
      if (/password must be a string/.test(message)) {
        return new StartError(
          `${place} requires a password, and DATABASE_URL has none. Use postgresql://user:password@…, or set PGPASSWORD.`,
        );
      }
      if (/certificate|SSL/i.test(message)) {
        return new StartError(
          `${place} cannot be reached by TLS: ${message}. Set sslmode and sslrootcert in DATABASE_URL (docs/running.md).`,
        );
      }
      return new StartError(
        `${place} cannot be used: ${message || code}. Start it, or correct DATABASE_URL (characters such as @ : / # in a password percent-encoded).`,
      );
  }
}

/** A host with several addresses causes an AggregateError, whose own message is empty. */
function innermost(error: unknown): { code?: unknown; message: string } {
  const { errors } = error as { errors?: readonly unknown[] };
  if (errors?.length) return innermost(errors[0]);
  if (error instanceof Error) return error;
  return { message: String(error) };
}
