import type { ChangeKind, LogChange } from "../change-log.ts";
import { bytes, clock, duration, instant, visibleName } from "../format.ts";
import { nextOfAnother, placeOf } from "../handoffs.ts";
import { AgentTag } from "../ui/agent-tag.tsx";

export const kindNames: Record<ChangeKind, string> = {
  SET: "set",
  DELETED: "deleted",
  EXPIRED: "expired",
  NAMESPACE_CLEARED: "cleared",
};

interface ChangeRowProps {
  readonly id: string;
  readonly change: LogChange;
  /** The log that contains it, the oldest first. */
  readonly all: readonly LogChange[];
  readonly isActive: boolean;
  readonly onOpen: () => void;
}

/** A change in the list, and the agent that took it up with the next write. */
export function ChangeRow({ id, change, all, isActive, onOpen }: ChangeRowProps) {
  const at = placeOf(all, change.revision);
  // A change that was found further back is not part of this log.
  const next = all[at]?.revision === change.revision ? nextOfAnother(all, at) : null;
  return (
    <div
      id={id}
      role="option"
      aria-selected={isActive}
      class={`change-row${isActive ? " active" : ""}`}
      onClick={onOpen}
    >
      <time class="mono" dateTime={new Date(change.at).toISOString()} title={instant(change.at)}>
        {clock(change.at)}
      </time>
      <AgentTag name={change.agent} />
      <span class={`kind ${change.kind}`}>{change.isNew ? "new" : kindNames[change.kind]}</span>
      <bdi class="change-key" title={change.key ?? undefined}>
        {change.key === null ? "all keys" : visibleName(change.key)}
      </bdi>
      <bdi class="change-ns" title={change.namespace}>
        {visibleName(change.namespace)}
      </bdi>
      <span class="next">
        {next && (
          <>
            <span aria-hidden="true">→</span>
            <span class="hidden">taken up by</span>
            <AgentTag name={next.agent} />
            <span class="muted">{duration(next.at - change.at)}</span>
          </>
        )}
      </span>
      <span class="end">{change.sizeBytes > 0 ? bytes(change.sizeBytes) : ""}</span>
      <span class="end mono muted">r{change.revision}</span>
    </div>
  );
}
