import { createHash, type Hash } from "node:crypto";
import type { Place } from "../store/model/place.ts";
import { checkAgent, checkKey, checkNamespace } from "../store/model/limits.ts";
import { compareText } from "../store/model/text-match.ts";
import {
  formatVersion,
  LineFault,
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
  /** How many lines are `EXISTING`. */
  existing = 0;
  /** How many lines are changes. */
  changes = 0;
  /** The latest revision of an entry. */
  #latest = 0n;
  readonly #hash: Hash = createHash("sha256");

  /** The last line, if the export ended here. */
  endAt(revision: bigint): EndLine {
    const { existing, changes } = this;
    const sha256 = this.#hash.copy().digest("hex");
    return { kind: "CAUGHT_UP", revision, existing, changes, sha256 };
  }

  /**
   * Adds the next line.
   * @param bytes the line as it is written, with its line feed
   * @throws LineFault when the line can't come here
   */
  add(line: Line, bytes: string | Uint8Array): void {
    if (this.end !== null) throw new LineFault("Nothing comes after CAUGHT_UP.");
    if ((this.header === null) !== (line.kind === "BATON_EXPORT")) {
      throw new LineFault(
        this.header === null
          ? "It is no export of Baton: that begins with BATON_EXPORT."
          : "BATON_EXPORT is the first line.",
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
      throw new LineFault(
        `It has version ${header.version}, and this Baton reads version ${formatVersion}.`,
      );
    }
    this.header = header;
    this.position = header.revision;
  }

  #addEntry(entry: EntryLine["entry"]): void {
    this.#checkEntry(entry);
    if (this.changes > 0) throw new LineFault("EXISTING comes before the changes.");
    if (this.place !== null && comparePlaces(entry, this.place) <= 0) {
      throw new LineFault("Entries come in the order of namespace and key.");
    }
    this.place = { namespace: entry.namespace, key: entry.key };
    this.existing++;
  }

  #addChange({ revision }: { readonly revision: bigint }): void {
    if (revision <= this.position) throw new LineFault("Changes come in the order of revisions.");
    this.position = revision;
    this.changes++;
  }

  #finish(end: EndLine): void {
    const { existing, changes, sha256 } = this.endAt(end.revision);
    if (end.existing !== existing || end.changes !== changes) {
      throw new LineFault(
        `It counts ${end.existing} entries and ${end.changes} changes; before it are ${existing} and ${changes}.`,
      );
    }
    if (end.sha256 !== sha256) throw new LineFault("Lines before it are not as they were written.");
    if (end.revision < this.position || end.revision < this.#latest) {
      throw new LineFault("Lines before it have later revisions.");
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
      throw new LineFault("createdRevision must be from 1 to revision.");
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
      throw new LineFault("namespace does not begin as the export's namespaces do.");
    }
  }
}

function comparePlaces(a: Place, b: Place): number {
  return a.namespace === b.namespace
    ? compareText(a.key, b.key)
    : compareText(a.namespace, b.namespace);
}
