import { HttpConnection } from "./http-connection.mjs";
import { bodyOf, headersOf } from "./operations.mjs";

/** A kept-alive connection. It sends operations one at a time, and returns their data. */
export async function openGraphqlHttp(server) {
  const connection = await HttpConnection.open(server.url, headersOf(server));
  return {
    /** @throws if the response has errors */
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
