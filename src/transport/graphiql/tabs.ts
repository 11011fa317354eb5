/** A tab that GraphiQL opens with. */
export interface Tab {
  query: string;
  /** JSON */
  variables?: string;
  /** JSON: headers that this tab's requests carry besides the page's own. */
  headers?: string;
}

/** A handoff, told in tabs: one window waits, another sets. Comments fit the editor's half of a small window. */
export const tabs: readonly Tab[] = [
  {
    query: `# 1. WAIT, as the agent that takes the work over.
#
# Press the Run button (▶). First come the entries
# that are there, then CAUGHT_UP, then every later
# change as it is made. The right-hand pane shows
# the latest.
#
# Leaving this tab stops its subscription, after a
# question: let it run, press "Open another window,
# signed in", and run the tab "Set" there.

subscription Wait {
  entryChanged(namespace: "handoff", snapshot: true) {
    kind
    revision
    key
    agent
    entry {
      value
    }
  }
}
`,
  },
  {
    query: `# 2. SET, as the agent that hands its work over.
#
# Change the value under "Variables" (any JSON will
# do) and run it: every window that waits sees it.
# The agent's name is under "Headers".
#
# "ifRevision": "0" in the input sets the key only
# if it is absent; the revision you read sets it
# only if nobody else has since.

mutation Set($input: SetEntryInput!) {
  setEntry(input: $input) {
    revision
    entry {
      key
      value
      metadata
      revision
      updatedBy
      updatedAt
    }
  }
}
`,
    variables: json({
      input: {
        namespace: "handoff",
        key: "report",
        value: { status: "ready", pages: 3 },
        metadata: { topic: "handoff" },
      },
    }),
    headers: json({ "Baton-Agent": "writer" }),
  },
  {
    query: `# 3. READ one entry by its key, and a page of all
# entries of the namespace.

query Read {
  entry(namespace: "handoff", key: "report") {
    value
    revision
    updatedBy
  }
  entries(namespace: "handoff", first: 10) {
    nodes {
      key
      value
      revision
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  },
  {
    query: `# 4. LOG: every change of the namespace, in order,
# and the agent that made it.

query Log {
  changes(namespace: "handoff", first: 20) {
    nodes {
      kind
      revision
      key
      agent
      at
    }
  }
}
`,
  },
];

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
