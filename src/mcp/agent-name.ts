/** What an agent's name has no place for: control characters, and halves of surrogate pairs. */
const notInNames = /\p{Cc}|\p{Cs}/gu;

/**
 * The name that a client's changes are recorded under. Clients choose their names without our limits in mind, so one that
 * does not fit is made to fit.
 * @returns undefined when nothing is left of it
 */
export function agentNameOf(clientName: string | null, maxBytes: number): string | undefined {
  const name = clientName?.replaceAll(notInNames, "").trim() ?? "";
  const bytes = Buffer.from(name);
  if (bytes.length <= maxBytes) return name || undefined;
  // A character that is cut becomes one or more U+FFFD, of three bytes each.
  const cut = bytes
    .subarray(0, maxBytes)
    .toString("utf8")
    .replace(/\ufffd+$/, "");
  return cut.trim() || undefined;
}
