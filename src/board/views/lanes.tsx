import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { now } from "../clock.ts";
import type { LogChange } from "../change-log.ts";
import { clock, hueOf } from "../format.ts";
import { layLanes } from "../lane-layout.ts";
import { AgentTag } from "../ui/agent-tag.tsx";

const laneHeight = 34;
const top = 8;
/** In a narrower chart, the times of five ticks overlap. */
const minFiveTicksWidth = 400;

interface LanesProps {
  readonly changes: readonly LogChange[];
  /** Changes when the list of changes grows. */
  readonly version: unknown;
  readonly windowMs: number;
  /** The end of the window. Null: the current time. */
  readonly end: number | null;
  readonly onOpen: (change: LogChange) => void;
  readonly onHover: (change: LogChange | null) => void;
}

/** A lane over time for each agent, and an arc for each handoff. */
export function LanesChart({ changes, version, windowMs, end, onOpen, onHover }: LanesProps) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.max(200, entry?.contentRect.width ?? 800)),
    );
    observer.observe(box.current as HTMLDivElement);
    return () => observer.disconnect();
  }, []);
  const until = end ?? now.value + 1_000;
  const { agents, marks, handoffs } = useMemo(
    () => layLanes(changes, until - windowMs, until),
    [changes, version, windowMs, until],
  );
  const height = top + Math.max(1, agents.length) * laneHeight + 22;
  const x = (at: number) => 8 + at * (width - 16);
  const y = (lane: number) => top + lane * laneHeight + laneHeight / 2;
  const ticks = width < minFiveTicksWidth ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1];
  return (
    <div class="lanes" tabIndex={0} role="group" aria-label="Agents over time">
      <div class="lane-names" style={{ paddingTop: `${top}px` }}>
        {agents.map((agent) => (
          <div key={agent ?? ""} class="lane-name">
            <AgentTag name={agent} />
          </div>
        ))}
      </div>
      <div class="lane-chart" ref={box}>
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`${marks.length} changes by ${agents.length} agents. The list below has them all.`}
        >
          {agents.map((agent, lane) => (
            <line key={agent ?? ""} class="lane-line" x1={0} x2={width} y1={y(lane)} y2={y(lane)} />
          ))}
          {ticks.map((at) => (
            <g key={at}>
              <line class="lane-tick" x1={x(at)} x2={x(at)} y1={0} y2={height - 18} />
              <text
                x={x(at)}
                y={height - 4}
                text-anchor={at === 0 ? "start" : at === 1 ? "end" : "middle"}
              >
                {clock(until - windowMs * (1 - at))}
              </text>
            </g>
          ))}
          {marks.length === 0 && (
            <text x={width / 2} y={y(0) + 4} text-anchor="middle">
              No change in this period
            </text>
          )}
          {handoffs.map(({ from, to }) => {
            const [x1, y1, x2, y2] = [x(from.x), y(from.lane), x(to.x), y(to.lane)];
            const bend = Math.max(12, (x2 - x1) / 2);
            return (
              <path
                key={to.change.revision}
                class="handoff"
                d={`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`}
              />
            );
          })}
          {marks.map(({ change, lane, x: at }) => (
            <circle
              key={change.revision}
              class={`mark ${change.kind}`}
              style={{ "--hue": hueOf(change.agent ?? "") }}
              cx={x(at)}
              cy={y(lane)}
              r={change.isNew ? 5.5 : 4.5}
              onClick={() => onOpen(change)}
              onPointerEnter={() => onHover(change)}
              onPointerLeave={() => onHover(null)}
            />
          ))}
        </svg>
      </div>
    </div>
  );
}
