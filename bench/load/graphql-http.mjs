import { HttpConnection } from "./http-connection.mjs";
import { bodyOf, headersOf } from "./operations.mjs";

/** One kept-alive connection over which operations are sent one at a time, and their data returned. */
export async function openGraphqlHttp(server) {
  const connection = await HttpConnection.open(server.url, headersOf(server));
  return {
    /** @throws when the answer has errors */
    async run(query, variables) {
      const { data, errors } = JSON.parse(
        await connection.post("/graphql", bodyOf(query, variables)),
      );
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    },
    close: () => connection.close(),
  };
}
