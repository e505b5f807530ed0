import { findCircles } from './circles.js';
import { type SourceFile, resolveImport } from './syntax.js';

/**
 * For each folder (or file) directly in the root, those beside it that it may import from; `*` stands for
 * all.
 */
export type Layers = Readonly<Record<string, readonly string[]>>;

/**
 * Finds imports that do not point down the layers, circles, and parts that are not placed in a layer or
 * not there.
 */
export function findBreaches(sources: ReadonlyMap<string, SourceFile>, layers: Layers): string[] {
  const parts = new Set([...sources.keys()].map(partOf));
  const named = new Set(
    Object.entries(layers)
      .flat(2)
      .filter((name) => name !== '*'),
  );
  return [
    ...[...parts].filter((part) => !(part in layers)).map((part) => `${part} is in no layer`),
    ...[...named].filter((part) => !parts.has(part)).map((part) => `there is no ${part}`),
    ...[...sources].flatMap(([file, source]) => wrongImports(file, source, layers)),
    ...findCircles(sources).map((circle) => `a circle of imports: ${circle.join(', ')}`),
  ];
}

function wrongImports(file: string, { imports }: SourceFile, layers: Layers): string[] {
  const from = partOf(file);
  const allowed = layers[from] ?? [];
  if (allowed.includes('*')) return [];
  return imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier }) => resolveImport(file, specifier))
    .filter((target) => partOf(target) !== from && !allowed.includes(partOf(target)))
    .map((target) => `${file} must not import ${target}`);
}

/** The folder or file directly in the root. */
function partOf(file: string): string {
  return file.split('/')[0] ?? '';
}
