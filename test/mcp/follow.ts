import type { Era, McpClient } from "./mcp-client.ts";

/** The URIs in a client's notifications, in a queue. */
export interface Followed extends AsyncDisposable {
  next(): Promise<string>;
}

/** Subscribes to resources in the way of the protocol's version. */
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
      // Perhaps the server has stopped.
      await end().catch(() => {});
    },
  };
}
