import { linkText, parseDocComment } from "./doc-comment.mjs";
import { readDeclarations } from "./read-declarations.mjs";

/**
 * Creates the reference of a TypeScript module from its declarations and their comments.
 *
 * @param {string} title  Of the page
 * @param {string} entry  Absolute path of the module's .d.ts
 * @param {(code: string) => Promise<string>} formatCode  Formats TypeScript
 * @returns {Promise<string>}  Markdown
 * @throws {Error} that names each public member without a comment or an example, and everything else
 *   that cannot be described
 */
export async function describeSdk(title, entry, formatCode) {
  const problems = new Set();
  const report = (problem) => problems.add(problem);
  const { comment, all } = readDeclarations(entry, report);
  for (const { name, declarations } of all) {
    checkDocs(name, declarations, report);
    for (const member of declarations.flatMap(({ members }) => members)) {
      checkDocs(member.name, member.declarations, report);
    }
  }
  const markdown = await new Page(title, all, formatCode, report).render(comment);
  if (problems.size > 0) {
    throw new Error(
      `The SDK cannot be described:\n${[...problems].map((p) => `  ${p}\n`).join("")}`,
    );
  }
  return markdown;
}

function checkDocs(name, declarations, report) {
  for (const [index, { doc, parameters }] of declarations.entries()) {
    const says = doc && (doc.summary !== "" || doc.blocks.has("deprecated") || doc.params.size > 0);
    // An overload can share the comment of the previous one.
    if (!says && (doc || index === 0)) report(`${name}: has no doc comment`);
    for (const parameter of doc?.params.keys() ?? []) {
      if (!parameters.includes(parameter)) report(`${name}: has no parameter ${parameter}`);
    }
  }
  if (isFunction({ declarations }) && !declarations.some(({ doc }) => doc?.blocks.has("example"))) {
    report(`${name}: has no @example`);
  }
}

const contents = "Contents";

class Page {
  #title;
  #all;
  #formatCode;
  #report;
  /** By name: the address of its description. */
  #places = new Map();

  constructor(title, all, formatCode, report) {
    this.#title = title;
    this.#all = all;
    this.#formatCode = formatCode;
    this.#report = report;
    const slugs = new Map([title, contents].map((heading) => [slugOf(heading), 1]));
    for (const outer of all) {
      this.#places.set(outer.name, place(outer, slugs));
      for (const member of membersOf(outer)) {
        // A property has no separate heading.
        const { href } = isFunction(member) ? place(member, slugs) : this.#places.get(outer.name);
        this.#places.set(member.name, { title: titleOf(member), href });
      }
    }
  }

  async render(comment) {
    const doc = comment && parseDocComment(comment, this.#report);
    const parts = [`# ${this.#title}`, ...(doc ? this.#docParts("index", doc) : [])];
    parts.push(this.#contents());
    for (const outer of this.#all) {
      parts.push(await this.#section("##", outer));
      const properties = membersOf(outer).filter((member) => !isFunction(member));
      if (properties.length > 0) {
        parts.push("**Properties**", (await this.#properties(properties)).join("\n"));
      }
      for (const member of membersOf(outer).filter(isFunction)) {
        parts.push(await this.#section("###", member));
      }
    }
    return `${parts.filter(Boolean).join("\n\n")}\n`;
  }

  #contents() {
    const lines = this.#all.flatMap((outer) => [
      `- ${this.#link(outer.name)}`,
      ...membersOf(outer)
        .filter(isFunction)
        .map(({ name }) => `  - ${this.#link(name)}`),
    ]);
    return `## ${contents}\n\n${lines.join("\n")}`;
  }

  /** An item with a heading: its overloads, each with its comment. */
  async #section(level, { name, declarations, isExported }) {
    const parts = [`${level} ${titleOf({ name, declarations })}`];
    if (isExported === false) parts.push("Not exported: it is here for what names it.");
    for (const [index, { doc }] of declarations.entries()) {
      if (!doc && index > 0) continue;
      const next = declarations.findIndex((other, at) => at > index && other.doc);
      const sharing = declarations.slice(index, next === -1 ? undefined : next);
      const codes = sharing.map(({ kind, code }) => this.#format(level === "###", kind, code));
      parts.push(codeBlock((await Promise.all(codes)).join("\n")));
      if (doc) parts.push(...this.#docParts(name, doc));
      const uses = sharing.flatMap((declaration) => declaration.uses);
      parts.push(this.#see(name, doc, uses));
    }
    return parts.filter(Boolean).join("\n\n");
  }

  /** Properties are items of a list. */
  async #properties(members) {
    const items = [];
    for (const { name, declarations } of members) {
      const [{ kind, code, doc, uses }] = declarations;
      const parts = [...(doc ? this.#docParts(name, doc) : []), this.#see(name, doc, uses)];
      const isLong = /[\n`]/.test(code);
      if (isLong) parts.splice(1, 0, codeBlock(await this.#format(true, kind, code)));
      const shown = parts.filter(Boolean);
      const areBlocks = shown.some((part) => /\n\s*[-*`\n]|^(\*\*|```)/.test(part));
      const title = isLong ? name.slice(name.indexOf(".") + 1) : code.replace(/;$/, "");
      items.push(indent(`- \`${title}\`: ${shown.join(areBlocks ? "\n\n" : " ")}`));
    }
    return items;
  }

  /** The paragraphs of a comment. */
  #docParts(name, doc) {
    const link = this.#linker(name);
    const all = (tag) => (doc.blocks.get(tag) ?? []).map(link);
    const list = (heading, items) =>
      items.length > 0 &&
      `**${heading}**\n\n${items.map((item) => `- ${indent(item)}`).join("\n")}`;
    const described = (map) => [...map].map(([key, what]) => `\`${key}\`: ${link(what)}`);
    const examples = all("example").map((text) => (text.includes("```") ? text : codeBlock(text)));
    return [
      ...all("deprecated").map((text) => `**Deprecated.** ${text}`),
      link(doc.summary),
      ...all("remarks"),
      ...all("defaultValue").map((text) => `Default: ${text}.`.replace(/\.\.$/, ".")),
      list("Type parameters", described(doc.typeParams)),
      list("Parameters", described(doc.params)),
      ...all("returns").map((text) => `**Returns** ${text}`),
      list("Throws", all("throws")),
      ...(examples.length > 0 ? [examples.length > 1 ? "**Examples**" : "**Example**"] : []),
      ...examples,
    ].filter(Boolean);
  }

  /** Related items: the types in its code, and the items that its comment names. */
  #see(name, doc, uses) {
    const owner = name.replace(/^new |\..*$/g, "");
    for (const hidden of uses.filter((used) => !this.#places.has(used))) {
      this.#report(`${name}: names ${hidden}, which is @internal`);
    }
    const names = uses
      .filter((used) => used !== owner && this.#places.has(used))
      .map((used) => this.#link(used));
    const said = (doc?.blocks.get("see") ?? []).map(this.#linker(name));
    const all = [...new Set([...said, ...names])];
    return all.length > 0 && `See ${all.join(", ")}.`;
  }

  /** Makes links in the text of a comment. */
  #linker(name) {
    const find = (target) => this.#places.get(target.replace("#", "."));
    return (text) => linkText(text, find, (problem) => this.#report(`${name}: ${problem}`));
  }

  #link(name) {
    const { title, href } = this.#places.get(name);
    return `[${title}](${href})`;
  }

  /** A member is valid code only within a class, and a class only with a body. */
  async #format(isMember, kind, code) {
    if (isMember) {
      const formatted = await this.#formatCode(`declare class Owner {\n${code}\n}`);
      return formatted
        .trim()
        .split("\n")
        .slice(1, -1)
        .map((line) => line.slice(2))
        .join("\n");
    }
    const body = kind === "class" || kind === "interface" ? " {}" : "";
    const formatted = await this.#formatCode(`declare ${code}${body}`);
    return formatted
      .trim()
      .replace(/^declare /, "")
      .replace(/ \{\}$/, "");
  }
}

function membersOf({ declarations }) {
  return declarations.flatMap(({ members }) => members);
}

function isFunction({ declarations }) {
  return declarations.some(({ kind }) => kind === "function");
}

/** The heading: a name, with parentheses if it is a function. `A.[Symbol.x]` is written `A[Symbol.x]`. */
function titleOf(named) {
  return `${named.name.replace(".[", "[")}${isFunction(named) ? "()" : ""}`.replace(
    /[[\]]/g,
    "\\$&",
  );
}

/** GitHub's address of a heading. */
function slugOf(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, "")
    .replaceAll(" ", "-");
}

/** The address of the next heading; a second one with the same address gets a number. */
function place(named, slugs) {
  const title = titleOf(named);
  const slug = slugOf(title);
  const count = slugs.get(slug) ?? 0;
  slugs.set(slug, count + 1);
  return { title, href: `#${slug}${count === 0 ? "" : `-${count}`}` };
}

function codeBlock(code) {
  return `\`\`\`ts\n${code}\n\`\`\``;
}

function indent(text) {
  return text.replace(/\n(?=.)/g, "\n  ");
}
