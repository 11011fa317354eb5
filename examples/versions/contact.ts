// A contact in all its formats. `metadata.format` names the format of an entry.
import type { Entry } from "baton-store/client";

/** The current format, which this program uses. */
export type Contact = ContactV2;
export const currentFormat = "contact/2";

/** `contact/1`. */
export interface ContactV1 {
  name: string;
  calls: number;
}

/** `contact/2`: two names, and calls are counted by year. */
export interface ContactV2 {
  givenName: string;
  familyName: string;
  calls: { [year: string]: number };
}

export interface Contacts {
  [contact: `contact:${string}`]: ContactV1 | ContactV2;
}
export type ContactEntry = Entry<ContactV1 | ContactV2, keyof Contacts>;

/** Upgrades each format to the next. A third format adds a function here, and the others do not change. */
const upgrades: Record<string, { to: string; upgrade: (old: never) => unknown }> = {
  "contact/1": {
    to: "contact/2",
    upgrade({ name, calls }: ContactV1): ContactV2 {
      const [givenName = "", ...rest] = name.split(" ");
      return { givenName, familyName: rest.join(" "), calls: { 2025: calls } };
    },
  },
};

/** Returns the contact in the current format, regardless of its stored format. */
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
  // Written before formats had names.
  return typeof metadata.format === "string" ? metadata.format : "contact/1";
}

/** The entry was written by a newer program. This program must neither interpret nor replace it. */
export class UnknownFormatError extends Error {
  constructor({ key, updatedBy }: ContactEntry, format: string) {
    const known = [...Object.keys(upgrades), currentFormat].join(" and ");
    super(
      `${key} is in format ${format}, which ${updatedBy ?? "another agent"} wrote; this program knows ${known}.`,
    );
    this.name = "UnknownFormatError";
  }
}
