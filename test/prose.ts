/** Every character but line ends as a space, so that the line numbers stay the same. */
const blank = (text: string) => text.replaceAll(/[^\n]/g, " ");

/** The part of a file that a reader reads as English: prose, comments and strings. The rest is blank. */
export function textOf(file: string, content: string): string {
  if (file.endsWith(".md")) return textOfPage(content);
  if (file.endsWith(".tsx")) return textOfMarkup(content);
  if (/\.(?:ts|mjs|js|prisma|css)$/.test(file)) return textOfCode(content);
  if (file.endsWith(".sql")) return keep(content, sqlComments);
  return keep(content, pythonParts);
}

/** Without code, and without the targets of links. */
function textOfPage(page: string): string {
  return page
    .replaceAll(/^```.*?^```$/gms, blank)
    .replaceAll(/^(?: {4}|\t)(?!\s*[-*\d]).*$/gm, blank)
    .replaceAll(/`[^`]*`/g, blank)
    .replaceAll(/\]\([^)]*\)/g, (link) => `]${blank(link.slice(1))}`)
    .replaceAll(/https?:\S+/g, blank);
}

const codeParts =
  /\/\/(?<line>[^\n]*)|\/\*(?<block>.*?)\*\/|(?:from|import\()\s*"[^"\n]*"|(?<=[(,=:[!&|?{};]\s*|return )\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*|"(?<double>(?:\\.|[^"\\\n])*)"|'(?<single>(?:\\.|[^'\\\n])*)'|`(?<template>(?:\\.|[^`\\])*)`/gs;

/** Comments and strings, without the code that they quote. */
function textOfCode(code: string): string {
  let text = "";
  let end = 0;
  for (const { 0: all, index, groups = {} } of code.matchAll(codeParts)) {
    const inner = groups.line ?? groups.block ?? groups.double ?? groups.single ?? groups.template;
    const quoted = groups.template === undefined ? /`[^`]*`|\\n/g : /\$\{[^}]*\}|\\n/g;
    text += blank(code.slice(end, index));
    text +=
      inner === undefined
        ? blank(all)
        : all
            .replace(inner, () =>
              inner.replaceAll(quoted, blank).replaceAll(/^\s*\*(?= )/gm, blank),
            )
            .replaceAll(/^\/[/*]+|\*\/$|^["'`]|["'`]$/g, blank);
    end = index + all.length;
  }
  return text + blank(code.slice(end));
}

/** Markup has text between its tags, so only imports and quoted code are left out. */
function textOfMarkup(code: string): string {
  return code
    .replaceAll(/\bfrom "[^"\n]*"/g, blank)
    .replaceAll(/`[^`\n]*`/g, blank)
    .replaceAll(/^\s*(?:\*|\/\/)(?= )/gm, blank);
}

const sqlComments = /--.*$/gm;
/** Comments and strings. Those with three quotation marks come first, because they contain single ones. */
const pythonParts = /"""(?:\\.|[^\\])*?"""|#.*$|"(?:\\.|[^"\\\n])*"|(?<!\w)'(?:\\.|[^'\\\n])*'/gm;

function keep(content: string, parts: RegExp): string {
  let text = "";
  let end = 0;
  for (const { 0: part, index } of content.matchAll(parts)) {
    text += blank(content.slice(end, index));
    text += part.replaceAll(/`[^`]*`|^\s*(?:#|--)|^"+|"+$/g, blank);
    end = index + part.length;
  }
  return text + blank(content.slice(end));
}
