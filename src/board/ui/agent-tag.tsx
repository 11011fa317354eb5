import { hueOf, visibleName } from "../format.ts";

/** Shows an agent with its name and colour. */
export function AgentTag({ name }: { name: string | null }) {
  if (name === null) return <span class="agent none">no name</span>;
  return (
    <span class="agent" title={name}>
      <i style={{ "--hue": hueOf(name) }} />
      <bdi>{visibleName(name)}</bdi>
    </span>
  );
}
