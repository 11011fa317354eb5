import { visibleName } from "../format.ts";
import { useEffect, useState } from "preact/hooks";
import { request } from "../graphql.ts";
import { messageOf } from "../session.ts";
import { withParams } from "../route.ts";
import { AgentTag } from "../ui/agent-tag.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { TimeAgo } from "../ui/time-ago.tsx";

interface Found {
  readonly match: {
    readonly before: string;
    readonly text: string;
    readonly after: string;
    readonly path: string | null;
  };
  readonly entry: {
    readonly namespace: string;
    readonly key: string;
    readonly updatedBy: string | null;
    readonly updatedAt: string;
  };
}

interface SearchResultsProps {
  readonly namespace: string;
  readonly text: string;
  readonly selected: string | null;
}

/** The entries of a namespace that contain a text. The server searches for them. */
export function SearchResults({ namespace, text, selected }: SearchResultsProps) {
  const [found, setFound] = useState<readonly Found[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    let isOver = false;
    const timer = setTimeout(async () => {
      try {
        const { searchEntries } = await request<{ searchEntries: { nodes: readonly Found[] } }>(
          `query search($text: String!, $namespacePrefix: String) {
            searchEntries(text: $text, namespacePrefix: $namespacePrefix, first: 100) {
              nodes { match { before text after path } entry { namespace key updatedBy updatedAt } }
            }
          }`,
          { text, namespacePrefix: namespace },
        );
        if (isOver) return;
        setError(null);
        setFound(searchEntries.nodes.filter(({ entry }) => entry.namespace === namespace));
      } catch (caught) {
        if (!isOver) setError(messageOf(caught));
      }
    }, 200);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [namespace, text]);
  if (error !== null)
    return (
      <EmptyState icon="search" title="The search failed">
        {error}
      </EmptyState>
    );
  if (found === null)
    return <div class="loading" role="status" aria-busy="true" aria-label="Searching" />;
  if (found.length === 0) {
    return (
      <EmptyState icon="search" title="Nothing found">
        No key or value of this namespace contains this text. The search ignores case.
      </EmptyState>
    );
  }
  return (
    <ul class="found" aria-label="Found entries">
      {found.map(({ entry, match }) => (
        <li key={entry.key}>
          <button
            type="button"
            class={entry.key === selected ? "selected" : ""}
            onClick={() => withParams({ key: entry.key, rev: null })}
          >
            <bdi class="entry-key">{visibleName(entry.key)}</bdi>
            <span class="snippet">
              {match.before}
              <mark>{match.text}</mark>
              {match.after}
            </span>
            <span class="found-meta">
              {match.path !== null && <code>{match.path || "value"}</code>}{" "}
              <AgentTag name={entry.updatedBy} /> <TimeAgo at={entry.updatedAt} />
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
