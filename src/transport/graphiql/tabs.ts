/** A tab that is open when GraphiQL starts. */
export interface Tab {
  query: string;
  /** JSON */
  variables?: string;
  /** JSON: headers of this tab's requests, in addition to those of the page. */
  headers?: string;
}

/** A handoff in four tabs: one window waits, another sets. The comments fit the editor in a small window. */
export const tabs: readonly Tab[] = [
  {
    query: `# 1. WAIT, as the agent that takes the work over.
#
# Press the Run button (▶). The subscription first
# delivers the current entries, then CAUGHT_UP, then
# every later change. The pane on the right shows
# the latest event.
#
# Leaving this tab stops the subscription. Let it
# run, press "Open another window, signed in", and
# run the tab "Set" there.

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
# Change the value under "Variables" to any JSON,
# and run it: every waiting window shows the change.
# The agent's name is under "Headers".
#
# "ifRevision": "0" in the input sets the key only
# if it does not exist. With the revision that you
# read, the key is set only if it is unchanged.

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
    query: `# 4. LOG: every change of the namespace in order,
# with the agent that made it.

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
