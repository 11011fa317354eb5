import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Packages whose stores in memory are compared with Baton's. They are large, so the project does not depend on them.
 */
const folder = process.env.BATON_TEST_AGENT_SDKS;

export const hasAgentSdks = folder !== undefined && existsSync(folder);

/** The folder of the packages for module resolution. */
export const agentSdkModules = resolve(folder ?? "", "node_modules");

/** A part of the title of a test that is skipped without them. */
export const withAgentSdks = hasAgentSdks
  ? ""
  : " (skipped: BATON_TEST_AGENT_SDKS names no folder with the SDKs installed)";

export async function importSdk(path: string): Promise<Record<string, any>> {
  return import(pathToFileURL(join(folder ?? "", "node_modules", path)).href);
}
