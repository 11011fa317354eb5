// How everybody who knows the current format writes.
import { ConflictError, type Namespace } from "baton-store/client";
import { currentFormat, formatOf, readContact } from "./contact.ts";
import type { Contact, ContactEntry, Contacts } from "./contact.ts";

/**
 * Sets a contact to what a function makes of it, in the current format, whichever it was in. Whoever writes between the
 * read and the write is not written over: it is read again, and made anew of that.
 *
 * @param change gives null when the contact is to stay as it is
 * @param found the entry, where it is known already
 * @returns the entry that was replaced; null when none was
 */
export async function changeContact(
  contacts: Namespace<Contacts>,
  key: keyof Contacts,
  change: (contact: Contact, format: string) => Contact | null,
  found?: ContactEntry,
): Promise<ContactEntry | null> {
  for (let entry = found ?? (await contacts.entry(key)); entry; entry = await contacts.entry(key)) {
    const contact = change(readContact(entry), formatOf(entry));
    if (contact === null) return null;
    try {
      await contacts.set(key, contact, {
        ifRevision: entry.revision,
        // The value and the name of its format change in one write. Metadata is merged: whoever writes without the name
        // would leave that of another format beside the value.
        metadata: { format: currentFormat },
        ttlSeconds: secondsLeft(entry),
      });
      return entry;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
  return null;
}

/** A set gives an entry a new end, or none (0): it is to end when it would have. */
function secondsLeft({ expiresAt }: ContactEntry): number {
  return expiresAt ? Math.max(1, Math.ceil((expiresAt.getTime() - Date.now()) / 1_000)) : 0;
}
