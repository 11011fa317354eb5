import { bytes, number } from "../format.ts";
import type { OverviewReading } from "../overview-reading.ts";
import { session } from "../session.ts";

const mebibyte = 1_048_576;
/** A quota with at least this used share is shown as nearly used up. */
const nearlyFull = 0.9;

/** The used share of each quota. A token that is limited to namespaces does not see the totals. */
export function QuotaTiles({ usage, limits }: Pick<OverviewReading, "usage" | "limits">) {
  const current = session.value;
  if (current.kind !== "signed-in" || !current.viewer.namespacePatterns.includes("*")) return null;
  const { maxEntries, maxNamespaces, maxStoredMebibytes } = limits;
  const quotas = [
    { name: "Entries", used: usage.entryCount, max: maxEntries, show: number },
    { name: "Namespaces", used: usage.namespaceCount, max: maxNamespaces, show: number },
    { name: "Size", used: usage.sizeBytes, max: maxStoredMebibytes * mebibyte, show: bytes },
  ].filter(({ max }) => max > 0);
  return (
    <>
      <h2 class="section">Quota</h2>
      {quotas.length === 0 ? (
        <p class="none-found">No quota is set. The number of entries is not limited.</p>
      ) : (
        <ul class="quotas">
          {quotas.map(({ name, used, max, show }) => (
            <li key={name}>
              <span>{name}</span>
              <meter
                min={0}
                max={max}
                high={nearlyFull * max}
                optimum={0}
                value={used}
                aria-label={`${name}: share of the quota`}
              />
              <span class="quota-numbers">
                <b>{Math.floor((100 * used) / max)}%</b> {show(used)} of {show(max)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
