// Lists contacts, regardless of their format: node --import tsx examples/versions/reader.ts <namespace>
// Its exit code is 1 if one is in a format that it does not know.
import { agent } from "../agent.ts";
import { formatOf, readContact, UnknownFormatError, type Contacts } from "./contact.ts";

const [namespace = "contacts"] = process.argv.slice(2);

await agent("reader", async (store) => {
  const counts = new Map<string, number>();
  let calls = 0;
  for await (const entry of store.namespace<Contacts>(namespace).entries()) {
    try {
      const contact = readContact(entry);
      for (const count of Object.values(contact.calls)) calls += count;
      counts.set(formatOf(entry), (counts.get(formatOf(entry)) ?? 0) + 1);
    } catch (error) {
      if (!(error instanceof UnknownFormatError)) throw error;
      console.error(error.message);
      process.exitCode = 1;
    }
  }
  for (const [format, count] of counts) console.log(`${count} contacts in ${format}`);
  console.log(`${calls} calls in all`);
});
