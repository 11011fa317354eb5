import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

export interface VirtualListProps {
  readonly count: number;
  readonly rowHeight: number;
  readonly label: string;
  readonly render: (index: number) => ComponentChildren;
  /** Called with the range of visible rows when it changes. */
  readonly onShown?: (first: number, last: number) => void;
  /** The row with the keyboard's focus, or null. */
  readonly active?: number | null;
  readonly onActive?: (index: number) => void;
  readonly onOpen?: (index: number) => void;
  /** Handles the left and right arrows, for lists that are trees. */
  readonly onSide?: (index: number, direction: -1 | 1) => void;
  readonly role?: "listbox" | "tree" | "list";
  readonly idPrefix?: string;
  readonly class?: string;
  /**
   * Identifies the first row. If rows are added before it while the list is scrolled, the visible rows stay in place.
   */
  readonly firstKey?: number | string;
  /** Returns the new index of the row that was first. Less than 1 if no row was added before it. */
  readonly placeOf?: (firstKey: number | string) => number;
  readonly children?: ComponentChildren;
}

const overscan = 8;

/** A list that renders only its visible rows, regardless of their number. The keyboard moves through all rows. */
export function VirtualList(props: VirtualListProps) {
  const { count, rowHeight, label, render, onShown, active = null, role = "listbox" } = props;
  const { onActive, onOpen, onSide, idPrefix = "row" } = props;
  const box = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState({ top: 0, height: 600 });

  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const measure = () =>
      setRange((old) => {
        const { scrollTop: top, clientHeight: height } = element;
        return old.top === top && old.height === height ? old : { top, height };
      });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element || active === null) return;
    const top = active * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + rowHeight - element.clientHeight;
    }
  }, [active, rowHeight]);

  const { firstKey, placeOf } = props;
  const lastFirstKey = useRef(firstKey);
  useLayoutEffect(() => {
    const [element, was] = [box.current, lastFirstKey.current];
    lastFirstKey.current = firstKey;
    if (!element || was === undefined || was === firstKey || element.scrollTop === 0) return;
    const rowsBefore = placeOf?.(was) ?? 0;
    if (rowsBefore > 0) element.scrollTop += rowsBefore * rowHeight;
  }, [firstKey]);

  const first = Math.max(0, Math.floor(range.top / rowHeight) - overscan);
  const last = Math.min(count, Math.ceil((range.top + range.height) / rowHeight) + overscan);
  useEffect(() => onShown?.(first, last), [first, last, count, onShown]);

  const move = (to: number) => onActive?.(Math.max(0, Math.min(count - 1, to)));
  const onKeyDown = (event: KeyboardEvent) => {
    if (count === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = active ?? -1;
    const page = Math.max(1, Math.floor(range.height / rowHeight) - 1);
    const steps: Record<string, () => void> = {
      ArrowDown: () => move(at + 1),
      ArrowUp: () => move(at - 1),
      PageDown: () => move(at + page),
      PageUp: () => move(at - page),
      Home: () => move(0),
      End: () => move(count - 1),
      Enter: () => at >= 0 && onOpen?.(at),
      " ": () => at >= 0 && onOpen?.(at),
      ...(onSide && at >= 0
        ? { ArrowLeft: () => onSide(at, -1), ArrowRight: () => onSide(at, 1) }
        : {}),
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  };
  const rows: ComponentChildren[] = [];
  for (let index = first; index < last; index++) rows.push(render(index));
  return (
    <div
      ref={box}
      class={`virtual ${props.class ?? ""}`}
      role={role}
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={
        active !== null && active >= first && active < last ? `${idPrefix}-${active}` : undefined
      }
      onKeyDown={onActive ? onKeyDown : undefined}
    >
      <div class="virtual-space" role="presentation" style={{ height: `${count * rowHeight}px` }}>
        <div
          class="virtual-rows"
          role="presentation"
          style={{ transform: `translateY(${first * rowHeight}px)` }}
        >
          {rows}
        </div>
      </div>
      {props.children}
    </div>
  );
}
