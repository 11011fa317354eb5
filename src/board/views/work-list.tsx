import { useEffect, useMemo, useState } from "preact/hooks";
import { ClaimsWatch, type ClaimCounts } from "../claims-watch.ts";
import { number, visibleName } from "../format.ts";
import { request } from "../graphql.ts";
import { oneAtATime } from "../one-at-a-time.ts";
import { hrefOf, withParams } from "../route.ts";
import { messageOf } from "../session.ts";
import { say } from "../toast.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { WorkBar } from "./work-bar.tsx";

interface Listed {
  readonly name: string;
  readonly claimCounts: ClaimCounts;
}

interface Page {
  readonly claimedNamespaces: {
    readonly nodes: readonly Listed[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

const pageSize = 100;
const minPauseMs = 1_000;

async function readPages(
  prefix: string,
  count: number,
): Promise<{ all: Listed[]; hasMore: boolean }> {
  const all: Listed[] = [];
  for (let after: string | null = null; ;) {
    const answer: Page = await request<Page>(
      `query work($prefix: String, $first: Int, $after: String) {
        claimedNamespaces(namespacePrefix: $prefix, first: $first, after: $after) {
          nodes { name claimCounts { free taken delayed completed deadLettered } }
          pageInfo { hasNextPage endCursor }
        }
      }`,
      { prefix, first: pageSize, after },
    );
    const { nodes, pageInfo } = answer.claimedNamespaces;
    all.push(...nodes);
    const { hasNextPage, endCursor } = pageInfo;
    if (!hasNextPage || all.length >= count) return { all, hasMore: hasNextPage };
    after = endCursor;
  }
}

/** Lists the namespaces in which agents claim entries, page by page. */
export function WorkList({ prefix }: { prefix: string }) {
  const [queues, setQueues] = useState<readonly Listed[] | null>(null);
  const [hasMore, setHasMore] = useState(false);
  const [wanted, setWanted] = useState(pageSize);
  const watch = useMemo(() => new ClaimsWatch({ namespacePrefix: prefix }), [prefix]);
  useEffect(() => () => watch.close(), [watch]);
  useEffect(() => {
    const reading = oneAtATime(async () => {
      try {
        const { all, hasMore: isMore } = await readPages(prefix, wanted);
        setQueues(all);
        setHasMore(isMore);
      } catch (error) {
        say(messageOf(error), true);
      }
    }, minPauseMs);
    reading.request();
    const unsubscribe = watch.counts.subscribe(() => reading.request());
    return () => {
      reading.end();
      unsubscribe();
    };
  }, [watch, prefix, wanted]);
  const total = watch.counts.value;
  return (
    <div class="scroll">
      <div class="find">
        <div class="field">
          <input
            type="search"
            aria-label="Only namespaces that begin with"
            placeholder="Only namespaces that begin with …"
            defaultValue={prefix}
            onInput={(event) => withParams({ within: event.currentTarget.value }, true)}
          />
        </div>
      </div>
      {queues === null ? (
        <div class="loading" role="status" aria-busy="true" aria-label="Counting the work" />
      ) : queues.length === 0 && prefix !== "" ? (
        <EmptyState icon="work" title="No namespace begins with this">
          Agents have not claimed entries in a namespace that begins with these characters.
        </EmptyState>
      ) : queues.length === 0 ? (
        <EmptyState
          icon="work"
          title="No agent has claimed an entry yet"
          command={`for await (const task of store.namespace("work").claims("task:")) {\n  await task.complete({ done: true });\n}`}
        >
          When agents claim entries, this page shows how many are free, taken and done, and which
          agents hold them.
        </EmptyState>
      ) : (
        <>
          {total && queues.length > 1 && (
            <p class="work-sum">
              {number(queues.length)}
              {hasMore ? "+" : ""} namespaces, {number(total.taken)} entries taken,{" "}
              {number(total.completed)} done
            </p>
          )}
          <ul class="queues">
            {queues.map(({ name, claimCounts }) => (
              <li key={name}>
                <a href={hrefOf("work", { ns: name })}>
                  <bdi class="queue-name" title={name}>
                    {visibleName(name)}
                  </bdi>
                  <WorkBar counts={claimCounts} />
                  <span class="queue-numbers">
                    <b>{number(claimCounts.completed)}</b> done · {number(claimCounts.taken)} taken
                    · {number(claimCounts.free)} free
                    {claimCounts.deadLettered > 0 && (
                      <em> · {number(claimCounts.deadLettered)} failed</em>
                    )}
                  </span>
                </a>
              </li>
            ))}
          </ul>
          {hasMore && (
            <button
              type="button"
              class="show-more"
              onClick={() => setWanted(queues.length + pageSize)}
            >
              Show more namespaces
            </button>
          )}
        </>
      )}
    </div>
  );
}
