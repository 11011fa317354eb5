/** Characters that an agent name cannot contain: control characters, and halves of surrogate pairs. */
const notInNames = /\p{Cc}|\p{Cs}/gu;

/**
 * Returns the agent name that a client's changes record. Clients do not know the limits on names, so invalid characters
 * are removed, and a long name is cut.
 * @returns undefined if no character is left
 */
export function agentNameOf(clientName: string | null, maxBytes: number): string | undefined {
  const name = clientName?.replaceAll(notInNames, "").trim() ?? "";
  const bytes = Buffer.from(name);
  if (bytes.length <= maxBytes) return name || undefined;
  // A partial character at the end becomes one or more U+FFFD, of three bytes each.
  const cut = bytes
    .subarray(0, maxBytes)
    .toString("utf8")
    .replace(/\ufffd+$/, "");
  return cut.trim() || undefined;
}
