import { countdown } from "../format.ts";

/** When an entry is to expire: `keep` leaves its expiry, `none` removes it, and a number is the seconds from now. */
export type Expiry = "keep" | "none" | number;

const choices: readonly (readonly [number, string])[] = [
  [60, "in 1 minute"],
  [600, "in 10 minutes"],
  [3_600, "in 1 hour"],
  [86_400, "in 1 day"],
  [604_800, "in 7 days"],
  [2_592_000, "in 30 days"],
];

interface ExpirySelectProps {
  readonly value: Expiry;
  /** The current expiry of the entry; null if it has none. */
  readonly current: string | null;
  readonly onChange: (value: Expiry) => void;
}

/** Selects the time to live of an entry that is written. */
export function ExpirySelect({ value, current, onChange }: ExpirySelectProps) {
  return (
    <label class="expiry">
      Expires
      <select
        value={String(value)}
        onChange={({ currentTarget: { value: chosen } }) =>
          onChange(chosen === "keep" || chosen === "none" ? chosen : Number(chosen))
        }
      >
        <option value="keep">
          {current === null
            ? "never"
            : `in ${countdown(Date.parse(current) - Date.now())}, unchanged`}
        </option>
        {current !== null && <option value="none">never</option>}
        {choices.map(([seconds, name]) => (
          <option key={seconds} value={String(seconds)}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
