import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { parseSync } from 'oxc-parser';

/** A node of the syntax tree, as ESTree has it. */
export interface Node {
  type: string;
  [field: string]: unknown;
}

/** An import, a re-export, a dynamic import or the type of one. */
interface Import {
  /** As it is written, such as `./part.js` or `node:fs`. */
  specifier: string;
  /** Whether nothing of it is left in the program that runs. */
  isType: boolean;
}

/** A source file, read and parsed. */
export interface SourceFile {
  nodes: readonly Node[];
  imports: readonly Import[];
}

/** Reads all TypeScript in a folder, by paths relative to it with forward slashes. */
export function readSources(root: string): Map<string, SourceFile> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => name.split(sep).join('/'))
    .sort();
  return new Map(
    files.map((file) => [file, parseSource(file, readFileSync(join(root, file), 'utf8'))]),
  );
}

/** Throws for a file with an error of syntax. */
export function parseSource(file: string, text: string): SourceFile {
  const { program, errors } = parseSync(file, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${file}: ${error.message}`);
  const nodes = [...nodesOf(program as unknown as Node)];
  return { nodes, imports: nodes.flatMap(importsOf) };
}

/** Yields a node and all below it. */
function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isNode(child)) yield* nodesOf(child);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

const IMPORTING = new Set([
  ...['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration'],
  ...['ImportExpression', 'TSImportType'],
]);

function importsOf(node: Node): Import[] {
  const source = node.source as { value?: unknown } | null | undefined;
  if (!IMPORTING.has(node.type) || typeof source?.value !== 'string') return [];
  const isType =
    node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type';
  return [{ specifier: source.value, isType }];
}

/** The file that a relative specifier names, relative to the same root as the importer. */
export function resolveImport(importer: string, specifier: string): string {
  const path = join(dirname(importer), specifier).split(sep).join('/');
  return path.replace(/\.js$/, '.ts');
}
