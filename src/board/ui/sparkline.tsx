/** A small chart of values over time. */
export function Sparkline({
  values: given,
  label,
  height = 56,
}: {
  values: readonly number[];
  label: string;
  height?: number;
}) {
  const width = 300;
  // A single value is a line, too.
  const values = given.length === 1 ? [...given, ...given] : given;
  const max = Math.max(1, ...values);
  const step = width / Math.max(1, values.length - 1);
  const points = values.map(
    (value, at) =>
      `${(at * step).toFixed(1)},${(height - 2 - (value / max) * (height - 6)).toFixed(1)}`,
  );
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <polygon points={`0,${height} ${points.join(" ")} ${width},${height}`} />
      <polyline points={points.join(" ")} />
    </svg>
  );
}
