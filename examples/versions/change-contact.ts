// The write of every program that knows the current format.
import { ConflictError, type Namespace } from "baton-store/client";
import { currentFormat, formatOf, readContact } from "./contact.ts";
import type { Contact, ContactEntry, Contacts } from "./contact.ts";

/**
 * Sets a contact to the result of a function, in the current format, regardless of its format before. If another client
 * writes between the read and the write, the contact is read again and the function is called again.
 *
 * @param change returns null if the contact must stay unchanged
 * @param found the entry, if it was already read
 * @returns the entry that was replaced, or null
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
        // The value and the name of its format change in one write. Metadata is merged, so a write without the name
        // would keep the name of another format.
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

/** A set replaces the expiry, or removes it (0). This keeps the current expiry. */
function secondsLeft({ expiresAt }: ContactEntry): number {
  return expiresAt ? Math.max(1, Math.ceil((expiresAt.getTime() - Date.now()) / 1_000)) : 0;
}
