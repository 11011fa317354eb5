// Writes schema.graphql from the code, after `npm run build`.
import { writeFile } from "node:fs/promises";
import { printedSchema } from "../dist/schema/schema.js";

await writeFile(new URL("../schema.graphql", import.meta.url), printedSchema());
