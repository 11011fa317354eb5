// Reads TSDoc comments: a summary, then blocks that each begin with a tag at the start of a line.

/**
 * @typedef {object} DocComment
 * @property {string} summary
 * @property {Map<string, string[]>} blocks  By tag, without its @: the text of each such block
 * @property {Map<string, string>} params  By name: its description
 * @property {Map<string, string>} typeParams  By name: its description
 */

const blockTags = ["remarks", "param", "typeParam", "returns", "throws", "example"];
const moreTags = ["defaultValue", "deprecated", "see", "internal", "packageDocumentation"];
const knownTags = new Set([...blockTags, ...moreTags]);

/**
 * Parses one comment, including `/**`.
 *
 * @param {string} comment
 * @param {(problem: string) => void} report  Called with each error
 * @returns {DocComment}
 */
export function parseDocComment(comment, report) {
  const found = [{ tag: "summary", text: "" }];
  let fence = "";
  for (const line of textOf(comment).split("\n")) {
    const [mark = ""] = /^\s*(```+|~~~+)/.exec(line) ?? [];
    if (mark !== "") fence = fence === "" ? mark.trim() : line.trim() === fence ? "" : fence;
    const [, tag, rest] = (fence === "" && /^\s*@(\w+)\s*(.*)$/.exec(line)) || [];
    if (tag === undefined) found.at(-1).text += `\n${line}`;
    else found.push({ tag, text: rest });
    if (tag !== undefined && !knownTags.has(tag))
      report(`@${tag} is not a tag that this page knows`);
  }

  const blocks = new Map();
  for (const { tag, text } of found) blocks.set(tag, [...(blocks.get(tag) ?? []), text.trim()]);
  return {
    summary: blocks.get("summary").join(""),
    blocks,
    params: named(blocks.get("param")),
    typeParams: named(blocks.get("typeParam")),
  };
}

/** The text between the marks of a comment, without the stars at the left. */
function textOf(comment) {
  return comment
    .replace(/^\/\*\*|\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\*( |$)/, "").trimEnd())
    .join("\n");
}

/** `name - description`, by name. */
function named(texts = []) {
  return new Map(
    texts.map((text) => {
      const [, name, what] = /^(\S*)\s*(?:-\s+)?([^]*)$/.exec(text);
      return [name, what];
    }),
  );
}

/**
 * Converts the text of a comment to Markdown: {@link name} becomes a link. Code is unchanged.
 *
 * @param {string} text
 * @param {(name: string) => { title: string, href: string } | undefined} find  The description of a name
 * @param {(problem: string) => void} report  Called with each error
 */
export function linkText(text, find, report) {
  return text
    .split(/(^\s*```[^]*?^\s*```$|`[^`\n]+`)/m)
    .map((part, index) => {
      if (index % 2 === 1) return part; // code
      return part.replace(/\{@(\w+)\s*([^\s|}]*)\s*\|?\s*([^}]*)\}/g, (all, tag, name, label) => {
        if (tag !== "link") {
          report(`{@${tag}} is not supported; use {@link}`);
          return all;
        }
        if (/^https?:/.test(name)) return label === "" ? `<${name}>` : `[${label}](${name})`;
        const target = find(name);
        if (target === undefined) {
          report(`{@link ${name}} leads nowhere: name an item of the page, or write it as code`);
          return all;
        }
        return `[${label.trim() || target.title}](${target.href})`;
      });
    })
    .join("");
}
