import { Sparkline } from "./sparkline.tsx";

interface ChartProps {
  readonly title: string;
  readonly total: string;
  /** In the order of time, the latest last. */
  readonly values: readonly number[];
  /** From when on it counts, where that is not an hour; null: it is. */
  readonly note?: string | null;
}

/** A small chart of the last hour, with its sum or its latest value. */
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
