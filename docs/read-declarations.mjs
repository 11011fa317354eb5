// Reads the exports of a module from the declarations (.d.ts) that the build writes.
//
// TypeScript 7.0 has its API at typescript/unstable/*; in 7.1 it is at typescript/sync and /ast.

import { SyntaxKind } from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";
import { parseDocComment } from "./doc-comment.mjs";

/**
 * A name with all its overloads.
 *
 * @typedef {object} Named
 * @property {string} name  Of a member: with its owner's name, `DataStore.get`
 * @property {Declaration[]} declarations
 * @property {boolean} [isExported]  False if exported items name it, but the module does not export it
 *
 * @typedef {object} Declaration
 * @property {"class" | "interface" | "function" | "value" | "type"} kind
 * @property {string} code  Of a class or an interface: the part before its members
 * @property {import("./doc-comment.mjs").DocComment | undefined} doc
 * @property {string[]} parameters
 * @property {string[]} uses  Names of the types in its code, except the platform's
 * @property {Named[]} members  The public members
 */

/**
 * The exports of a module in their order, and then the other items that they name.
 *
 * @param {string} entry  Absolute path of its .d.ts
 * @param {(problem: string) => void} report  Called with each item that cannot be described
 * @returns {{ comment: string | undefined, all: Named[] }}  The comment is the @packageDocumentation
 */
export function readDeclarations(entry, report) {
  const api = new API();
  try {
    const project = api.updateSnapshot({ openFiles: [entry] }).getDefaultProjectForFile(entry);
    const file = project?.program.getSourceFile(entry);
    if (file === undefined) throw new Error(`${entry} does not exist: build it first.`);
    return new Reader(project.checker, report).read(file);
  } finally {
    api.close();
  }
}

const kinds = new Map([
  [SyntaxKind.ClassDeclaration, "class"],
  [SyntaxKind.InterfaceDeclaration, "interface"],
  [SyntaxKind.TypeAliasDeclaration, "type"],
  [SyntaxKind.FunctionDeclaration, "function"],
  [SyntaxKind.MethodDeclaration, "function"],
  [SyntaxKind.MethodSignature, "function"],
  [SyntaxKind.Constructor, "function"],
  [SyntaxKind.CallSignature, "function"],
  [SyntaxKind.ConstructSignature, "function"],
  [SyntaxKind.VariableDeclaration, "value"],
  [SyntaxKind.PropertyDeclaration, "value"],
  [SyntaxKind.PropertySignature, "value"],
  [SyntaxKind.IndexSignature, "value"],
  [SyntaxKind.GetAccessor, "value"],
  [SyntaxKind.SetAccessor, "value"],
]);

/** The item that names a type, and the property. */
const typeNames = new Map([
  [SyntaxKind.TypeReference, "typeName"],
  [SyntaxKind.ExpressionWithTypeArguments, "expression"],
  [SyntaxKind.TypeQuery, "exprName"],
  [SyntaxKind.ImportType, "qualifier"],
]);

const specifiers = new Set([
  SyntaxKind.ExportSpecifier,
  SyntaxKind.ImportSpecifier,
  SyntaxKind.ImportClause,
]);

class Reader {
  #checker;
  #report;
  /** Each symbol to describe, with its name: the exports, and then the items that they name. */
  #named;

  constructor(checker, report) {
    this.#checker = checker;
    this.#report = report;
  }

  read(file) {
    this.#named = new Map(this.#exportsOf(file));
    const exported = new Set(this.#named.keys());
    const all = [];
    // The loop appends to the list.
    for (const [symbol, name] of this.#named) {
      if (symbol.name !== name) {
        this.#report(`${name}: is called ${symbol.name} where it is declared; use one name`);
      }
      const isExported = exported.has(symbol);
      all.push({ ...this.#describe(name, resolveAll(symbol)), isExported });
    }
    // The compiler writes directives first.
    const text = file.text.replace(/^(\/\/\/.*\n)+/, "");
    const [comment] = /^\s*\/\*\*[^]*?\*\//.exec(text) ?? [""];
    return {
      comment: comment.includes("@packageDocumentation") ? comment.trim() : undefined,
      all: all.filter(({ declarations }) => declarations.length > 0),
    };
  }

  /** The symbols that a file exports with their names, in the order of its source. */
  *#exportsOf(file) {
    for (const statement of file.statements) {
      const { exportClause, moduleSpecifier } = statement;
      if (statement.kind === SyntaxKind.ExportAssignment) {
        this.#report("default: give it a name; a default export is not described");
      } else if (exportClause?.kind === SyntaxKind.NamespaceExport) {
        this.#report(`${exportClause.name.text}: export its names; a namespace is not described`);
      } else if (exportClause !== undefined) {
        for (const { name } of exportClause.elements) yield [this.#symbolAt(name), name.text];
      } else if (statement.kind === SyntaxKind.ExportDeclaration) {
        const module = this.#checker.getSymbolAtLocation(moduleSpecifier);
        if (module === undefined) throw new Error(`Module ${moduleSpecifier.text} does not exist.`);
        for (const below of resolveAll(module)) yield* this.#exportsOf(below);
      } else if (hasModifier(statement, SyntaxKind.ExportKeyword)) {
        const declared = statement.declarationList?.declarations ?? [statement];
        for (const { name } of declared) yield [this.#symbolAt(name), name.text];
      }
    }
  }

  /** The symbol of a name: for an import, the imported symbol. */
  #symbolAt(name) {
    const symbol = this.#checker.getSymbolAtLocation(name);
    return specifiers.has(symbol?.declarations[0]?.kind)
      ? this.#checker.getAliasedSymbol(symbol)
      : symbol;
  }

  #describe(name, nodes) {
    const declarations = nodes.map((node) => this.#declaration(name, node));
    return { name, declarations: declarations.filter(({ doc }) => !doc?.blocks.has("internal")) };
  }

  #declaration(name, node) {
    const kind = kinds.get(node.kind);
    if (kind === undefined) throw new Error(`${name}: ${SyntaxKind[node.kind]} is not described.`);
    const isContainer = node.members !== undefined;
    const inCode = isContainer
      ? [...(node.typeParameters ?? []), ...(node.heritageClauses ?? [])]
      : [node];
    const declaration = {
      kind: node.type?.kind === SyntaxKind.FunctionType && kind === "value" ? "function" : kind,
      code: codeOf(node),
      doc: this.#docOf(name, node),
      parameters: (node.parameters ?? []).map((parameter) => parameter.name.getText()),
      uses: [],
      members: [],
    };
    // A hidden item can name hidden items.
    if (declaration.doc?.blocks.has("internal")) return declaration;
    if (kind === "type" && declaration.code.includes("@internal")) {
      this.#report(`${name}: a part of it is @internal; make it an interface`);
    }
    const uses = inCode.flatMap((part) => [...this.#typesIn(part)]);
    declaration.uses = [...new Set(uses)].filter((used) => used !== name);
    if (isContainer) declaration.members = this.#membersOf(name, node);
    return declaration;
  }

  #docOf(name, node) {
    const isVariable = node.kind === SyntaxKind.VariableDeclaration;
    const comment = (isVariable ? node.parent.parent : node).jsDoc?.at(-1);
    if (comment === undefined) return undefined;
    const text = node.getSourceFile().text.slice(comment.pos, comment.end).trim();
    return parseDocComment(text, (problem) => this.#report(`${name}: ${problem}`));
  }

  #membersOf(owner, node) {
    const byName = new Map();
    for (const member of node.members.filter(isPublic)) {
      const name = nameOf(member, owner);
      byName.set(name, [...(byName.get(name) ?? []), member]);
    }
    return [...byName]
      .map(([name, nodes]) => {
        // Of a getter and its setter, the one that comes first has the comment.
        const isProperty = nodes.some(isAccessor);
        return this.#describe(name, isProperty ? nodes.slice(0, 1) : nodes);
      })
      .filter(({ declarations }) => declarations.length > 0);
  }

  /** The types that a node names, except the platform's: a reader must find each on the page. */
  *#typesIn(node) {
    const name = node[typeNames.get(node.kind)];
    if (name !== undefined) {
      const symbol = this.#symbolAt(name.right ?? name);
      const isNew = !this.#named.has(symbol) && resolveAll(symbol).some(isOurs);
      if (isNew) this.#named.set(symbol, symbol.name);
      if (this.#named.has(symbol)) yield this.#named.get(symbol);
    }
    const children = [];
    node.forEachChild((child) => void children.push(child));
    for (const child of children) yield* this.#typesIn(child);
  }
}

function resolveAll(symbol) {
  return (symbol?.declarations ?? []).map((handle) => handle.resolve());
}

function hasModifier(node, wanted) {
  return (node.modifiers ?? []).some(({ kind }) => kind === wanted);
}

function isAccessor({ kind }) {
  return kind === SyntaxKind.GetAccessor || kind === SyntaxKind.SetAccessor;
}

function isPublic(member) {
  return (
    member.name?.kind !== SyntaxKind.PrivateIdentifier &&
    !hasModifier(member, SyntaxKind.PrivateKeyword) &&
    !hasModifier(member, SyntaxKind.ProtectedKeyword)
  );
}

/** Whether it is a declaration of the project: not of a package or the platform, and not a part of a declaration. */
function isOurs(node) {
  const isWhole = kinds.has(node.kind) && node.parent.members === undefined;
  return isWhole && !/^bundled:|\/node_modules\//.test(node.getSourceFile().fileName);
}

function nameOf(member, owner) {
  switch (member.kind) {
    case SyntaxKind.Constructor:
    case SyntaxKind.ConstructSignature:
      return `new ${owner}`;
    case SyntaxKind.CallSignature:
      return owner;
    case SyntaxKind.IndexSignature:
      return `${owner}.[]`;
    default:
      return `${owner}.${member.name.getText()}`;
  }
}

/** The code that a caller needs to see. */
function codeOf(node) {
  const { text } = node.getSourceFile();
  const start = node.getStart();
  if (isAccessor(node)) return propertyOf(node);
  if (node.kind === SyntaxKind.VariableDeclaration) return `const ${text.slice(start, node.end)};`;
  const end = node.members ? text.lastIndexOf("{", node.members.pos) : node.end;
  return text
    .slice(start, end)
    .replace(/^(export |declare )+/, "")
    .trim();
}

/** A getter, a setter or both are a property to their callers. */
function propertyOf(accessor) {
  const name = accessor.name.getText();
  const both = accessor.parent.members.filter((other) => other.name?.getText() === name);
  const type = (accessor.type ?? accessor.parameters[0].type).getText();
  const isStatic = hasModifier(accessor, SyntaxKind.StaticKeyword);
  const isReadonly = both.every(({ kind }) => kind === SyntaxKind.GetAccessor);
  return `${isStatic ? "static " : ""}${isReadonly ? "readonly " : ""}${name}: ${type};`;
}
