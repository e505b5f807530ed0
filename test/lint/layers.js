import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { findCycles, readImports, resolveImport } from './import-graph.js';

/**
 * A plugin for ESLint with one rule: imports point one way, and no files or folders import one another
 * in a circle. It sees static, type-only and dynamic imports, and re-exports.
 *
 * @param {string} root the folder of the sources, absolute
 * @param {Record<string, readonly string[]>} layers for each folder (or file) directly in the root,
 *   those beside it that it may import from; `*` stands for all
 */
export function layersPlugin(root, layers) {
  const imports = readImports(root);
  const parts = new Set([...imports.keys()].map(partOf));
  for (const part of parts) {
    if (!(part in layers)) throw new Error(`the layers do not name ${part}, which is in ${root}`);
  }
  for (const [part, allowed] of Object.entries(layers)) {
    for (const name of [part, ...allowed]) {
      if (name !== '*' && !parts.has(name))
        throw new Error(`the layers name ${name}: no such part`);
    }
  }
  const circles = findCycles(imports);
  return {
    rules: {
      layers: {
        meta: { type: 'problem', schema: [] },
        create: (context) => checkFile(context, root, layers, circles),
      },
    },
  };
}

function checkFile(context, root, layers, circles) {
  const file = relative(root, context.filename).split(sep).join('/');
  const check = (source) => {
    if (typeof source?.value !== 'string' || !source.value.startsWith('.')) return;
    const target = partOf(resolveImport(file, source.value));
    const from = partOf(file);
    if (target === from || layers[from].includes('*') || layers[from].includes(target)) return;
    context.report({ node: source, message: `src/${from} must not import from src/${target}.` });
  };
  return {
    Program: (node) => {
      for (const circle of circles.filter((members) =>
        members.some((name) => isWithin(file, name)),
      ))
        context.report({
          node,
          message: `These import one another in a circle: ${circle.join(', ')}.`,
        });
    },
    ImportDeclaration: ({ source }) => check(source),
    ExportNamedDeclaration: ({ source }) => check(source),
    ExportAllDeclaration: ({ source }) => check(source),
    ImportExpression: ({ source }) => check(source),
    TSImportType: ({ source, argument }) => check(source ?? argument?.literal),
  };
}

/** The folder or file directly in the root. */
function partOf(file) {
  return file.split('/')[0];
}

function isWithin(file, name) {
  return name.endsWith('/') ? file.startsWith(name) : file === name;
}

/**
 * Patterns of a list of files, checked: each is a file, or a folder that ends in `/` and stands for
 * all files in it. Throws for one that is not there, as it would guard nothing.
 *
 * @param {string} base
 * @param {readonly string[]} paths
 * @returns {string[]}
 */
export function existing(base, paths) {
  return paths.map((path) => {
    if (!existsSync(join(base, path))) throw new Error(`no such file or folder: ${path}`);
    return path.endsWith('/') ? `${path}**/*.ts` : path;
  });
}
