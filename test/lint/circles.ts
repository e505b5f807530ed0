import { dirname, relative, sep } from 'node:path';
import { type SourceFile, resolveImport } from './syntax.js';

/** From each file to the files, or from each neighbour to the neighbours, that it imports. */
type Graph = Map<string, string[]>;

/**
 * Finds circles of imports among files, and among what lies beside each other in a folder: its files and
 * its folders. Returns the members of each circle, sorted; a folder ends in `/`.
 */
export function findCircles(sources: ReadonlyMap<string, SourceFile>): string[][] {
  const imports = graphOf(sources);
  const circles = circlesOf(imports);
  for (const folder of foldersOf(imports.keys())) {
    circles.push(
      ...circlesOf(neighbours(imports, folder)).filter((circle) => circle.some(isFolder)),
    );
  }
  return circles;
}

function graphOf(sources: ReadonlyMap<string, SourceFile>): Graph {
  return new Map(
    [...sources].map(([file, { imports }]) => {
      const targets = imports
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => resolveImport(file, specifier))
        .flatMap((name) => [name, `${name}x`].filter((candidate) => sources.has(candidate)));
      return [file, [...new Set(targets)]];
    }),
  );
}

function isFolder(name: string): boolean {
  return name.endsWith('/');
}

/** Every folder that holds files, from the root (`''`) down. */
function foldersOf(files: Iterable<string>): Set<string> {
  const folders = new Set(['']);
  for (const file of files) {
    for (let at = dirname(file); at !== '.'; at = dirname(at)) folders.add(`${at}/`);
  }
  return folders;
}

/** The imports between what lies directly in a folder; a folder within it stands for all it holds. */
function neighbours(imports: Graph, folder: string): Graph {
  const nameOf = (file: string) => {
    const rest = relative(folder, file).split(sep).join('/');
    const end = rest.indexOf('/');
    return folder + (end === -1 ? rest : rest.slice(0, end + 1));
  };
  const graph: Graph = new Map();
  for (const [file, targets] of imports) {
    if (!file.startsWith(folder)) continue;
    const from = nameOf(file);
    const known = graph.get(from) ?? [];
    graph.set(from, known);
    for (const target of targets) {
      if (target.startsWith(folder) && nameOf(target) !== from) known.push(nameOf(target));
    }
  }
  return graph;
}

/** Tarjan's strongly connected components with more than one member. */
function circlesOf(graph: Graph): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const lowOf = (node: string) => low.get(node) ?? Infinity;
  const visit = (node: string): void => {
    low.set(node, order.size);
    order.set(node, order.size);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(lowOf(node), lowOf(next)));
    }
    if (low.get(node) !== order.get(node)) return;
    const circle = stack.splice(stack.indexOf(node));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return circles;
}
