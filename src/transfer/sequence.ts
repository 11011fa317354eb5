import { createHash, type Hash } from "node:crypto";
import type { Place } from "../store/model/place.ts";
import { checkAgent, checkKey, checkNamespace } from "../store/model/limits.ts";
import { compareText } from "../store/model/text-match.ts";
import {
  formatVersion,
  LineError,
  type EndLine,
  type EntryLine,
  type HeaderLine,
  type Line,
} from "./line.ts";
import { checked, lineLimits } from "./line-limits.ts";

/** The lines of an export that were written or read so far. Checks their order, counts them and computes their digest. */
export class Sequence {
  header: HeaderLine | null = null;
  /** The last `EXISTING` entry. */
  place: Place | null = null;
  /** The revision of the last change, at first that of the header. */
  position = 0n;
  end: EndLine | null = null;
  lineCount = 0;
  /** The number of `EXISTING` lines. */
  existing = 0;
  /** The number of lines that are changes. */
  changes = 0;
  /** The latest revision of an entry. */
  #latest = 0n;
  readonly #hash: Hash = createHash("sha256");

  /** Returns the last line of an export that ends here. */
  endAt(revision: bigint): EndLine {
    const { existing, changes } = this;
    const sha256 = this.#hash.copy().digest("hex");
    return { kind: "CAUGHT_UP", revision, existing, changes, sha256 };
  }

  /**
   * Adds the next line.
   * @param bytes the bytes of the line, with its line feed
   * @throws LineError if the line is not valid in this place
   */
  add(line: Line, bytes: string | Uint8Array): void {
    if (this.end !== null) throw new LineError("CAUGHT_UP must be the last line.");
    if ((this.header === null) !== (line.kind === "BATON_EXPORT")) {
      throw new LineError(
        this.header === null
          ? "The file is not an export of Baton: its first line must be BATON_EXPORT."
          : "BATON_EXPORT must be the first line.",
      );
    }
    switch (line.kind) {
      case "BATON_EXPORT":
        this.#begin(line);
        break;
      case "EXISTING":
        this.#addEntry(line.entry);
        break;
      case "SET":
        this.#checkEntry(line.entry);
        this.#addChange(line.entry);
        break;
      case "DELETED":
      case "EXPIRED":
        this.#checkPlace(line);
        this.#addChange(line);
        break;
      case "NAMESPACE_CLEARED":
        this.#checkNamespace(line.namespace);
        this.#addChange(line);
        break;
      case "CAUGHT_UP":
        this.#finish(line);
        break;
    }
    this.#hash.update(bytes);
    this.lineCount++;
  }

  #begin(header: HeaderLine): void {
    if (header.version !== formatVersion) {
      throw new LineError(
        `The export has version ${header.version}, but this Baton reads version ${formatVersion}.`,
      );
    }
    this.header = header;
    this.position = header.revision;
  }

  #addEntry(entry: EntryLine["entry"]): void {
    this.#checkEntry(entry);
    if (this.changes > 0) throw new LineError("EXISTING must come before the changes.");
    if (this.place !== null && comparePlaces(entry, this.place) <= 0) {
      throw new LineError("Entries must be in the order of namespace and key.");
    }
    this.place = { namespace: entry.namespace, key: entry.key };
    this.existing++;
  }

  #addChange({ revision }: { readonly revision: bigint }): void {
    if (revision <= this.position)
      throw new LineError("Changes must be in the order of revisions.");
    this.position = revision;
    this.changes++;
  }

  #finish(end: EndLine): void {
    const { existing, changes, sha256 } = this.endAt(end.revision);
    if (end.existing !== existing || end.changes !== changes) {
      throw new LineError(
        `It counts ${end.existing} entries and ${end.changes} changes, but the file has ${existing} and ${changes}.`,
      );
    }
    if (end.sha256 !== sha256)
      throw new LineError("The digest does not match: earlier lines were changed.");
    if (end.revision < this.position || end.revision < this.#latest) {
      throw new LineError("Earlier lines have later revisions.");
    }
    this.end = end;
  }

  #checkEntry(entry: EntryLine["entry"]): void {
    this.#checkPlace(entry);
    for (const name of ["createdBy", "updatedBy"] as const) {
      const agent = entry[name];
      if (agent !== null) checked(() => checkAgent(lineLimits, name, agent));
    }
    if (entry.createdRevision < 1n || entry.createdRevision > entry.revision) {
      throw new LineError("createdRevision must be from 1 to revision.");
    }
    if (entry.revision > this.#latest) this.#latest = entry.revision;
  }

  #checkPlace({ namespace, key }: Place): void {
    this.#checkNamespace(namespace);
    checked(() => checkKey(lineLimits, "key", key));
  }

  #checkNamespace(namespace: string): void {
    checked(() => checkNamespace(lineLimits, "namespace", namespace));
    if (!namespace.startsWith(this.header?.namespacePrefix ?? "")) {
      throw new LineError("namespace does not begin with the export's prefix.");
    }
  }
}

function comparePlaces(a: Place, b: Place): number {
  return a.namespace === b.namespace
    ? compareText(a.key, b.key)
    : compareText(a.namespace, b.namespace);
}
