import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';

/** Who imports whom in a folder of TypeScript: type imports, re-exports and dynamic imports count. */

/**
 * @param {string} root
 * @returns {Map<string, string[]>} from each file to the files that it imports, all relative to the
 *   root, with forward slashes
 */
export function readImports(root) {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => name.split(sep).join('/'))
    .sort();
  const known = new Set(files);
  return new Map(
    files.map((file) => {
      const { importedFiles } = ts.preProcessFile(
        readFileSync(join(root, file), 'utf8'),
        true,
        true,
      );
      const imported = importedFiles
        .filter(({ fileName }) => fileName.startsWith('.'))
        .map(({ fileName }) => resolveImport(file, fileName))
        .flatMap((name) => [name, `${name}x`].filter((candidate) => known.has(candidate)));
      return [file, [...new Set(imported)]];
    }),
  );
}

/** The file that a relative specifier names, relative to the same root as the importer. */
export function resolveImport(importer, specifier) {
  const path = join(dirname(importer), specifier).split(sep).join('/');
  return path.replace(/\.js$/, '.ts');
}

/**
 * Circles among files, and among what lies beside each other in a folder: its files and its folders.
 *
 * @param {Map<string, string[]>} imports
 * @returns {string[][]} the members of each circle, sorted
 */
export function findCycles(imports) {
  const cycles = circlesOf(imports);
  for (const folder of foldersOf(imports.keys())) {
    cycles.push(
      ...circlesOf(neighbours(imports, folder)).filter((circle) => circle.some(isFolder)),
    );
  }
  return cycles;
}

function isFolder(name) {
  return name.endsWith('/');
}

/** Every folder that holds files, from the root (`''`) down. */
function foldersOf(files) {
  const folders = new Set(['']);
  for (const file of files) {
    for (let at = dirname(file); at !== '.'; at = dirname(at)) folders.add(`${at}/`);
  }
  return folders;
}

/** The imports between what lies directly in a folder; a folder within it stands for all it holds. */
function neighbours(imports, folder) {
  const nameOf = (file) => {
    const rest = relative(folder, file).split(sep).join('/');
    const end = rest.indexOf('/');
    return folder + (end === -1 ? rest : rest.slice(0, end + 1));
  };
  const graph = new Map();
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
function circlesOf(graph) {
  const order = new Map();
  const low = new Map();
  const stack = [];
  const circles = [];
  const visit = (node) => {
    order.set(node, order.size);
    low.set(node, order.get(node));
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node), low.get(next)));
    }
    if (low.get(node) !== order.get(node)) return;
    const circle = stack.splice(stack.indexOf(node));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return circles;
}
