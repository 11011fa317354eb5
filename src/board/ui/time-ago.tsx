import { now } from "../clock.ts";
import { age, countdown, instant } from "../format.ts";

/** Shows the age of an instant, and updates it. */
export function TimeAgo({ at }: { at: number | string }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={instant(at)}>
      {age(at, now.value)}
    </time>
  );
}

/** Shows a countdown to an instant. It is red in the last ten seconds. */
export function Countdown({ until, over = "over" }: { until: number | string; over?: string }) {
  const left = (typeof until === "string" ? Date.parse(until) : until) - now.value;
  return (
    <time
      class={left < 10_000 ? "countdown soon" : "countdown"}
      dateTime={new Date(until).toISOString()}
      title={instant(until)}
    >
      {left <= 0 ? over : countdown(left)}
    </time>
  );
}
