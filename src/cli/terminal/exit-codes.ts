import type { ErrorCode } from "../../client/index.ts";

/** The exit codes of `baton`. Scripts depend on them: a code never gets another meaning. */
export const exitCodes = {
  ok: 0,
  absent: 1,
  usage: 2,
  conflict: 3,
  timeout: 4,
  denied: 5,
  unavailable: 6,
  compacted: 7,
  other: 8,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: "done",
  absent: "the entry does not exist, or nothing was found; for server commands: the start failed",
  usage: "an option, argument or value is not valid, or exceeds a limit",
  conflict:
    "a condition did not hold (--if-revision, --if-absent), or the claim has ended; nothing was written",
  timeout: "the wait timed out",
  denied: "the token is missing, invalid, or lacks permission",
  unavailable: "the server cannot be reached, or is temporarily unavailable",
  compacted:
    "the log no longer reaches back to --after, or a backup was restored since (--epoch); begin with --snapshot",
  other: "any other error",
};

/** The exit code of every error code of the API and of the client. */
const ofErrors: Readonly<Record<ErrorCode, ExitCode>> = {
  UNAUTHENTICATED: exitCodes.denied,
  FORBIDDEN: exitCodes.denied,
  BAD_USER_INPUT: exitCodes.usage,
  LIMIT_EXCEEDED: exitCodes.usage,
  PAYLOAD_TOO_LARGE: exitCodes.usage,
  CONFLICT: exitCodes.conflict,
  CLAIM_LOST: exitCodes.conflict,
  TIMEOUT: exitCodes.timeout,
  UNAVAILABLE: exitCodes.unavailable,
  RATE_LIMITED: exitCodes.unavailable,
  REVISION_COMPACTED: exitCodes.compacted,
  BAD_RESPONSE: exitCodes.other,
  INTERNAL: exitCodes.other,
};

/** The exit code for an error code of the API. An unknown one is `other`. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  return ofErrors[code] ?? exitCodes.other;
}

/** The shell reports these codes for a command that a signal ended. */
const interrupted = `  130, 143  Ctrl-C or SIGTERM ended the command (serve: 0); rerun an import to resume it,
            and an export with --resume
`;

/** The table of exit codes that the help shows. */
export function describeExitCodes(): string {
  const lines = Object.entries(meanings).map(
    ([name, meaning]) => `  ${exitCodes[name as keyof typeof exitCodes]}  ${meaning}\n`,
  );
  return `Exit codes:\n${lines.join("")}${interrupted}`;
}
