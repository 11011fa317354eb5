// Counts a call to each contact, in contact/2: node --import tsx examples/versions/new-writer.ts <namespace> [count]
import { setTimeout } from "node:timers/promises";
import { agent } from "../agent.ts";
import { changeContact } from "./change-contact.ts";
import { currentFormat, formatOf, type Contact, type Contacts } from "./contact.ts";

const [namespace = "contacts", count = "40"] = process.argv.slice(2);
const year = "2026";

await agent("new-writer", async (store) => {
  const contacts = store.namespace<Contacts>(namespace);
  let upgraded = 0;
  for (let number = 1; number <= Number(count); number++) {
    const { key } = await contacts.waitFor(`contact:${String(number).padStart(4, "0")}`);
    const replaced = await changeContact(contacts, key, called);
    if (replaced && formatOf(replaced) !== currentFormat) upgraded++;
    await setTimeout(30);
  }
  console.log(`counted ${count} calls, and upgraded ${upgraded} contacts`);
});

function called(contact: Contact): Contact {
  return { ...contact, calls: { ...contact.calls, [year]: (contact.calls[year] ?? 0) + 1 } };
}
