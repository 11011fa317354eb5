import type { JSX } from "preact";

// The icons use a grid of 16, with lines of 1.5.
const paths = {
  entries: "M2.5 3.5h11M2.5 8h11M2.5 12.5h7",
  activity: "M1.5 8.5h3l2-5 3 9 2-4h3",
  work: "M5.5 4.5v-2h5v2M2 4.5h12v8.5H2zM2 8.5h12",
  overview: "M2.5 13.5v-5M6.2 13.5v-8M9.8 13.5v-6M13.5 13.5V2.5",
  search: "M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM10.7 10.7 14 14",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9 13 13M3 13l1.1-1.1M11.9 4.1 13 3",
  signOut: "M6 2.5H3v11h3M10 5l3 3-3 3M13 8H6",
  chevron: "M6 3.5 10.5 8 6 12.5",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3",
  trash: "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.5 9h7l.5-9M6.7 7v4M9.3 7v4",
  edit: "M3 13l.7-3L10.5 3.2l2.3 2.3L6 12.3 3 13z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M4.5 3v10l8-5z",
  back: "M9.5 3.5 5 8l4.5 4.5",
  download: "M8 2.5v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11",
  upload: "M8 10.5v-8M4.5 6 8 2.5 11.5 6M2.5 13.5h11",
  lock: "M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.6",
  graphql: "M8 1.8 13.4 5v6L8 14.2 2.6 11V5zM8 1.8 2.6 11h10.8z",
  restore: "M2.5 3v3.5H6M2.8 6.3A5.7 5.7 0 1 1 2.4 9",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

/** The logo: a baton between two hands. */
export function Logo({ size = 22 }: { size?: number }): JSX.Element {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <circle cx="7" cy="25" r="5" fill="var(--teal)" />
      <circle cx="25" cy="7" r="5" fill="var(--amber)" />
      <path d="M12 20 20 12" stroke="var(--muted)" stroke-width="4" stroke-linecap="round" />
    </svg>
  );
}
