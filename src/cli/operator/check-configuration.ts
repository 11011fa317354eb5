import type { Config } from "../../config.ts";
import { checkNameSizes } from "../../database/postgres/name-sizes.ts";
import { createListeningServer } from "../../tls-files.ts";
import { readTrustedDocuments } from "../../transport/trusted-documents.ts";
import { describeUnknown } from "../../unknown-variables.ts";
import { failureOf, ok, warning, type Finding } from "./finding.ts";

const check = "configuration";

/** The variables of the environment that look like Baton's and set nothing. */
export function checkVariables(unknown: readonly string[]): Finding[] {
  return unknown.map((name) => warning(check, describeUnknown(name)));
}

/** Reads the options, and the files that they name, with the functions that a server uses at its start. */
export async function checkConfiguration(config: Config): Promise<Finding[]> {
  const failures = await Promise.all([
    failureOf(check, () => checkNameSizes(config)),
    failureOf(check, () => createListeningServer(config)),
    failureOf(check, () => readTrustedDocuments(config.trustedDocuments)),
  ]);
  const found = failures.flat();
  return found.length > 0
    ? found
    : [ok(check, "the options for the database, TLS and trusted documents are valid")];
}
