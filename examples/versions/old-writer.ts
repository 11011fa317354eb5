// A program that was written before contact/2 and still runs: node --import tsx examples/versions/old-writer.ts
// <namespace> [count]
import { setTimeout } from "node:timers/promises";
import { agent } from "../agent.ts";
import type { Contacts, ContactV1 } from "./contact.ts";

const [namespace = "contacts", count = "40"] = process.argv.slice(2);

await agent("old-writer", async (store) => {
  const contacts = store.namespace<Contacts>(namespace);
  for (let number = 1; number <= Number(count); number++) {
    const contact: ContactV1 = { name: `Given${number} Family${number}`, calls: 1 };
    // It creates, and never replaces: an existing contact can be in a format that it cannot read.
    await contacts.set(`contact:${String(number).padStart(4, "0")}`, contact, {
      ifRevision: "0",
      metadata: { format: "contact/1" },
    });
    await setTimeout(20);
  }
  console.log(`created ${count} contacts in contact/1`);
});
