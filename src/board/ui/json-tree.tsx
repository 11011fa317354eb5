import { useMemo, useState } from "preact/hooks";
import { decodeString, endOfValue, itemBegins, membersAt } from "../../json/value-parts.ts";

/** The number of members or items that one step shows. */
const pageSize = 100;
/** A longer text is cut until it is opened. */
const maxShownUnits = 300;

interface Child {
  /** Null for an item of an array. */
  readonly name: string | null;
  readonly begin: number;
  readonly end: number;
}

function childrenOf(text: string): Child[] {
  if (text[0] === "{") {
    return Array.from(membersAt(text, 0), ({ nameText, begin, end }) => ({
      name: decodeString(nameText),
      begin,
      end,
    }));
  }
  return itemBegins(text, 0).map((begin) => ({ name: null, begin, end: endOfValue(text, begin) }));
}

/**
 * Shows a value as a tree. It reads a level of the value's text when that level is opened, so a value of any size is
 * shown immediately, and numbers keep their text.
 */
export function JsonTree({ text }: { text: string }) {
  return (
    <div class="json" role="tree" aria-label="Value">
      <Node name={null} index={null} text={text} depth={0} />
    </div>
  );
}

interface NodeProps {
  readonly name: string | null;
  readonly index: number | null;
  readonly text: string;
  readonly depth: number;
}

function Node({ name, index, text, depth }: NodeProps) {
  const isContainer = text[0] === "{" || text[0] === "[";
  const [isOpen, setOpen] = useState(depth === 0 || (depth < 4 && text.length < 4_000));
  const [shown, setShown] = useState(pageSize);
  const children = useMemo(
    () => (isContainer && (isOpen || text.length < 20_000) ? childrenOf(text) : null),
    [text, isContainer, isOpen],
  );
  const label =
    name !== null ? (
      <span class="json-name">
        <bdi>{name}</bdi>
      </span>
    ) : index !== null ? (
      <span class="json-index">{index}</span>
    ) : null;
  const indent = { "--depth": depth };
  if (!isContainer) {
    return (
      <div class="json-line" role="treeitem" style={indent}>
        <span class="json-twist" />
        {label}
        <Leaf text={text} />
      </div>
    );
  }
  const brackets = text[0] === "{" ? ["{", "}"] : ["[", "]"];
  const count = children?.length;
  return (
    <div role="treeitem" aria-expanded={isOpen}>
      <button type="button" class="json-line" style={indent} onClick={() => setOpen(!isOpen)}>
        <span class={isOpen ? "json-twist open" : "json-twist"} aria-hidden="true">
          ›
        </span>
        {label}
        <span class="json-meta">
          {brackets[0]}
          {count === undefined ? " … " : count === 0 ? "" : ` ${count} `}
          {brackets[1]}
        </span>
      </button>
      {isOpen && children && (
        <div role="group">
          {children.slice(0, shown).map((child, at) => (
            <Node
              key={child.name ?? at}
              name={child.name}
              index={child.name === null ? at : null}
              text={text.slice(child.begin, child.end)}
              depth={depth + 1}
            />
          ))}
          {children.length > shown && (
            <button
              type="button"
              class="json-line json-more"
              style={{ "--depth": depth + 1 }}
              onClick={() => setShown(shown + 10 * pageSize)}
            >
              Show more ({children.length - shown} left)
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Leaf({ text }: { text: string }) {
  const [isWhole, setWhole] = useState(false);
  const kind =
    text[0] === '"'
      ? "string"
      : text === "true" || text === "false"
        ? "boolean"
        : text === "null"
          ? "null"
          : "number";
  const isLong = text.length > maxShownUnits && !isWhole;
  return (
    <>
      <bdi class={`json-${kind}`}>{isLong ? `${text.slice(0, maxShownUnits)}…` : text}</bdi>
      {isLong && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          show all {text.length.toLocaleString("en-US")} characters
        </button>
      )}
    </>
  );
}
