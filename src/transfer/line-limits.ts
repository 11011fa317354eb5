import { defaultConfig } from "../config.ts";
import { BatonError } from "../errors.ts";
import { options } from "../options.ts";
import type { Limits } from "../store/model/limits.ts";
import { LineError } from "./line.ts";

/**
 * The limits of an export's lines. The length of names and values is an option of each server, so any length that
 * another server accepted is imported. The characters of names and the maximum nesting of JSON are the same for all
 * servers.
 */
export const lineLimits: Limits = {
  ...defaultConfig(),
  maxNamespaceBytes: Number.POSITIVE_INFINITY,
  maxKeyBytes: Number.POSITIVE_INFINITY,
  maxAgentBytes: Number.POSITIVE_INFINITY,
  maxValueDepth: options.maxValueDepth.max,
};

/** @throws LineError if the check of the store fails */
export function checked(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw error instanceof BatonError ? new LineError(error.message) : error;
  }
}
