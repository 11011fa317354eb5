import { visibleName } from "../format.ts";
import { useEffect, useState } from "preact/hooks";
import { request } from "../graphql.ts";
import { hrefOf } from "../route.ts";
import { mayWrite, messageOf } from "../session.ts";
import { say } from "../toast.ts";
import { TimeAgo } from "../ui/time-ago.tsx";

interface DeadLetter {
  readonly attempt: number;
  readonly failedAt: string | null;
  readonly error: unknown;
  readonly entry: { readonly key: string };
}

/** The text of an agent's error: its message, if it has one. */
function reasonOf(error: unknown): string {
  if (error === null) return "no error was given";
  if (typeof error === "string") return error;
  const { message } = error as { readonly message?: unknown };
  return typeof message === "string" ? message : JSON.stringify(error);
}

/** Dead letters, each with a button that requeues it. */
export function DeadLetters({
  namespace,
  prefix,
  count,
}: {
  namespace: string;
  prefix: string;
  count: number;
}) {
  const [letters, setLetters] = useState<readonly DeadLetter[]>([]);
  useEffect(() => {
    let isOver = false;
    request<{ deadLetters: { nodes: readonly DeadLetter[] } }>(
      `query dead($namespace: String!, $keyPrefix: String) {
        deadLetters(namespace: $namespace, keyPrefix: $keyPrefix, first: 100) { nodes { attempt failedAt error entry { key } } }
      }`,
      { namespace, keyPrefix: prefix },
    ).then(
      ({ deadLetters }) => !isOver && setLetters(deadLetters.nodes),
      (error: unknown) => say(messageOf(error), true),
    );
    return () => {
      isOver = true;
    };
  }, [namespace, prefix, count]);
  const requeue = async (key: string) => {
    try {
      await request(
        "mutation requeue($input: RequeueEntryInput!) { requeueEntry(input: $input) { requeued } }",
        {
          input: { namespace, key },
        },
      );
      say("Requeued. A worker can claim it again.");
    } catch (error) {
      say(messageOf(error), true);
    }
  };
  return (
    <>
      <h2 class="section">Dead letters</h2>
      <table>
        <thead>
          <tr>
            <th>Key</th>
            <th>Why</th>
            <th>Attempts</th>
            <th>Failed</th>
            <th>
              <span class="hidden">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {letters.map(({ attempt, failedAt, error, entry: { key } }) => (
            <tr key={key}>
              <td>
                <a class="mono" href={hrefOf("entries", { ns: namespace, key })}>
                  <bdi>{visibleName(key)}</bdi>
                </a>
              </td>
              <td class="why">{reasonOf(error)}</td>
              <td>{attempt}</td>
              <td>{failedAt === null ? "–" : <TimeAgo at={failedAt} />}</td>
              <td class="end">
                {mayWrite(namespace) && (
                  <button
                    type="button"
                    class="small"
                    aria-label={`Try again: ${key}`}
                    onClick={() => void requeue(key)}
                  >
                    Try again
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
