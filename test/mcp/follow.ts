import type { Era, McpClient } from "./mcp-client.ts";

/** The URIs that a client is told of, queued as they come. */
export interface Followed extends AsyncDisposable {
  next(): Promise<string>;
}

/** Subscribes to resources, as the version of the protocol has it. */
export async function follow(
  { client }: McpClient,
  era: Era,
  uris: readonly string[],
): Promise<Followed> {
  const told: string[] = [];
  let wake = () => {};
  client.setNotificationHandler("notifications/resources/updated", ({ params: { uri } }) => {
    told.push(uri);
    wake();
  });
  let end: () => Promise<unknown>;
  if (era === "2025") {
    for (const uri of uris) await client.subscribeResource({ uri });
    end = () => Promise.all(uris.map((uri) => client.unsubscribeResource({ uri })));
  } else {
    const subscription = await client.listen({ resourceSubscriptions: [...uris] });
    end = () => subscription.close();
  }
  return {
    async next() {
      for (;;) {
        const uri = told.shift();
        if (uri !== undefined) return uri;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    async [Symbol.asyncDispose]() {
      // The server may have stopped.
      await end().catch(() => {});
    },
  };
}
