// A contact, in the formats it has had. `metadata.format` names the one that an entry is in.
import type { Entry } from "baton-store/client";

/** What this program works with: the current format. */
export type Contact = ContactV2;
export const currentFormat = "contact/2";

/** `contact/1`. */
export interface ContactV1 {
  name: string;
  calls: number;
}

/** `contact/2`: names are two, calls are counted by year. */
export interface ContactV2 {
  givenName: string;
  familyName: string;
  calls: { [year: string]: number };
}

export interface Contacts {
  [contact: `contact:${string}`]: ContactV1 | ContactV2;
}
export type ContactEntry = Entry<ContactV1 | ContactV2, keyof Contacts>;

/** From each format to the next. A third has a line of its own here, and the others stay. */
const upgrades: Record<string, { to: string; upgrade: (old: never) => unknown }> = {
  "contact/1": {
    to: "contact/2",
    upgrade({ name, calls }: ContactV1): ContactV2 {
      const [givenName = "", ...rest] = name.split(" ");
      return { givenName, familyName: rest.join(" "), calls: { 2025: calls } };
    },
  },
};

/** The contact in the current format, whichever it is stored in. */
export function readContact(entry: ContactEntry): Contact {
  let format = formatOf(entry);
  let value: unknown = entry.value;
  while (format !== currentFormat) {
    const step = upgrades[format];
    if (!step) throw new UnknownFormatError(entry, format);
    value = step.upgrade(value as never);
    format = step.to;
  }
  return value as Contact;
}

export function formatOf({ metadata }: ContactEntry): string {
  // From before there were names for formats.
  return typeof metadata.format === "string" ? metadata.format : "contact/1";
}

/** It was written by a newer program than this one, which must neither guess nor write over it. */
export class UnknownFormatError extends Error {
  constructor({ key, updatedBy }: ContactEntry, format: string) {
    const known = [...Object.keys(upgrades), currentFormat].join(" and ");
    super(
      `${key} is in format ${format}, which ${updatedBy ?? "somebody"} wrote; this program knows ${known}.`,
    );
    this.name = "UnknownFormatError";
  }
}
