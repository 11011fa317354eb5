// Upgrades contacts in an older format while others write: the existing ones, then new ones, until it is stopped:
//   node --import tsx examples/versions/migrator.ts <namespace>
//
// It does not store its progress, because contacts in the current format are done. So it can be killed and started
// again, and two can run at the same time.
import { agent } from "../agent.ts";
import { changeContact } from "./change-contact.ts";
import { currentFormat, formatOf, UnknownFormatError } from "./contact.ts";
import type { ContactEntry, Contacts } from "./contact.ts";

const [namespace = "contacts"] = process.argv.slice(2);

await agent("migrator", async (store) => {
  const contacts = store.namespace<Contacts>(namespace);
  const count = { upgraded: 0, left: 0 };
  for await (const { kind, revision, entry } of contacts.watch({ snapshot: true })) {
    if (kind === "CAUGHT_UP") {
      const { upgraded, left } = count;
      console.log(`caught up at revision ${revision}: ${upgraded} upgraded, ${left} unchanged`);
    }
    if (entry && formatOf(entry) !== currentFormat) await upgrade(entry);
  }

  async function upgrade(found: ContactEntry): Promise<void> {
    try {
      const replaced = await changeContact(
        contacts,
        found.key,
        (contact, format) => (format === currentFormat ? null : contact),
        found,
      );
      if (!replaced) return; // Another client was faster.
      count.upgraded++;
      // Shows which program still writes an older format. The upgrade is complete when none does.
      console.log(`upgraded ${found.key}, in ${formatOf(replaced)} by ${replaced.updatedBy}`);
    } catch (error) {
      if (!(error instanceof UnknownFormatError)) throw error;
      count.left++;
      console.error(`left unchanged: ${error.message}`);
    }
  }
});
