// Writes graphql-env.d.ts: the schema as a type, from which gql.tada infers the types of each document.
//
//     node --import tsx examples/typed-graphql/generate.ts [file]
import { readFile, writeFile } from "node:fs/promises";
import { minifyIntrospection, outputIntrospectionFile } from "gql.tada/internal";
import { buildSchema, introspectionFromSchema } from "graphql";

const [, , file = new URL("graphql-env.d.ts", import.meta.url)] = process.argv;
const source = await readFile(new URL(import.meta.resolve("baton-store/schema.graphql")), "utf8");
const schema = introspectionFromSchema(buildSchema(source), { oneOf: true });
const types = outputIntrospectionFile(minifyIntrospection(schema), {
  fileType: ".d.ts",
  shouldPreprocess: true,
});
await writeFile(file, types);
