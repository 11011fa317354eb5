import { Sparkline } from "./sparkline.tsx";

interface ChartProps {
  readonly title: string;
  readonly total: string;
  /** The latest value last. */
  readonly values: readonly number[];
  /** The beginning of the data, if it is less than an hour ago; otherwise null. */
  readonly note?: string | null;
}

/** Shows a small chart of the last hour, with its sum or its latest value. */
export function Chart({ title, total, values, note = null }: ChartProps) {
  const begin = note ?? "1 h ago";
  const max = values.length === 0 ? 0 : Math.max(...values);
  return (
    <figure>
      <figcaption>
        <span>{title}</span>
        <b>{total}</b>
      </figcaption>
      <Sparkline
        values={values}
        label={`${title}, ${note ?? "over the last hour"}. At most ${max.toLocaleString("en-US")}.`}
      />
      <div class="axis" aria-hidden="true">
        <span>{begin}</span>
        <span>now</span>
      </div>
    </figure>
  );
}
