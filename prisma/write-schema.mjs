// Writes the schema of each database: its datasource, and the models that both share. Prisma reads a schema from a file,
// prisma/<database>/schema.prisma. Git ignores that file, because the models have one source.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const prismaFolder = dirname(fileURLToPath(import.meta.url));

/** The databases by their folder in prisma/. */
export const providers = { sqlite: "sqlite", postgres: "postgresql" };

/** Returns the text of the schema and the file that it was written to. */
export function writeSchema(database) {
  const models = readFileSync(join(prismaFolder, "models.prisma"), "utf8");
  const text = `${datasource(database)}\n${models.slice(models.indexOf("///"))}`;
  const file = join(prismaFolder, database, "schema.prisma");
  writeFileSync(file, text);
  return { text, file };
}

function datasource(database) {
  return `// Written from prisma/models.prisma by \`npm run generate\`.

generator client {
  provider            = "prisma-client"
  output              = "../../src/database/generated/${database}"
  runtime             = "nodejs"
  moduleFormat        = "esm"
  importFileExtension = "ts"
}

datasource db {
  provider = "${providers[database]}"
}
`;
}
