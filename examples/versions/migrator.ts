// Upgrades what is stored in an older format, while others write: what there is, then what comes, until it is stopped:
//   node --import tsx examples/versions/migrator.ts <namespace>
//
// Where it has come to needs no keeping: what is in the current format is done. So it may be killed and started again,
// and there may be two of it.
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
      console.log(
        `caught up at revision ${revision}: ${upgraded} upgraded, ${left} left as they are`,
      );
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
      if (!replaced) return; // Somebody was faster.
      count.upgraded++;
      // Who still writes an older format is to be known: the upgrade is over when nobody does.
      console.log(`upgraded ${found.key}, in ${formatOf(replaced)} by ${replaced.updatedBy}`);
    } catch (error) {
      if (!(error instanceof UnknownFormatError)) throw error;
      count.left++;
      console.error(`left as it is: ${error.message}`);
    }
  }
});
