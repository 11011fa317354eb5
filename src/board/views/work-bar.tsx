import type { ClaimCounts } from "../claims-watch.ts";

/** The states of entries and their labels, in the order of the bar. */
export const workParts: readonly (readonly [keyof ClaimCounts, string])[] = [
  ["completed", "Done"],
  ["taken", "Taken"],
  ["free", "Free"],
  ["delayed", "Delayed"],
  ["deadLettered", "Dead letters"],
];

/** Shows the progress of work as a bar. */
export function WorkBar({ counts }: { counts: ClaimCounts }) {
  const all = workParts.reduce((sum, [name]) => sum + counts[name], 0);
  return (
    <span
      class="bar"
      role="img"
      aria-label={workParts.map(([name, label]) => `${label}: ${counts[name]}`).join(", ")}
    >
      {workParts.map(
        ([name]) =>
          counts[name] > 0 && (
            <i key={name} class={name} style={{ flexGrow: counts[name] / all }} />
          ),
      )}
    </span>
  );
}
