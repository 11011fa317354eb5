import type { OverviewReading } from "../overview-reading.ts";
import { number } from "../format.ts";
import { AgentTag } from "../ui/agent-tag.tsx";

const maxShown = 10;

type Subscribers = OverviewReading["subscribers"];

/** The current subscribers of the store, the slowest first. */
export function SubscriberTable({ subscribers }: { subscribers: Subscribers }) {
  const { slowest, subscriptionCount, waitCount } = subscribers;
  const left = subscriptionCount + waitCount - Math.min(maxShown, slowest.length);
  return (
    <>
      <h2 class="section">Who follows, the slowest first</h2>
      {slowest.length === 0 ? (
        <p class="none-found">The store has no subscribers.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th>Agent</th>
              <th>Follows</th>
              <th class="end">Behind by</th>
            </tr>
          </thead>
          <tbody>
            {slowest.slice(0, maxShown).map((subscriber, at) => (
              <tr key={at}>
                <td>
                  <AgentTag name={subscriber.agent} />
                </td>
                <td class="why">
                  <bdi>{placeOf(subscriber)}</bdi>
                  {subscriber.kind === "WAIT" && <span class="muted"> waits for it</span>}
                </td>
                <td class="end">
                  {subscriber.lag === 0 ? "nothing" : `${number(subscriber.lag)} changes`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {left > 0 && <p class="none-found">And {number(left)} more.</p>}
    </>
  );
}

/** Describes a subscription: its namespace, and its keys if it does not follow all keys. */
function placeOf({ namespaces, keys }: Subscribers["slowest"][number]): string {
  const shown = namespaces
    .map(({ text, isPrefix }) => (isPrefix ? (text === "" ? "every namespace" : `${text}…`) : text))
    .join(", ");
  if (keys.isPrefix && keys.text === "") return shown;
  return `${shown}, ${keys.isPrefix ? "keys" : "key"} ${keys.text}${keys.isPrefix ? "…" : ""}`;
}
