import type { Node, SourceFile } from './syntax.js';

const IO = /^node:(fs|http|net|os|child_process)/;
const GLOBALS = new Set(['fetch', 'setTimeout', 'setInterval', 'process']);

/** Finds what a pure file does not do: I/O, and reading the clock, the environment or chance. */
export function findImpurities({ nodes, imports }: SourceFile): string[] {
  return [
    ...imports
      .filter(({ specifier, isType }) => !isType && IO.test(specifier))
      .map(({ specifier }) => `imports ${specifier}`),
    ...usesOf(nodes, GLOBALS).map((name) => `uses ${name}`),
    ...nodes.filter(readsClock).map(() => 'reads the clock'),
    ...nodes.filter((node) => isCall(node, 'Math', 'random')).map(() => 'draws a random number'),
  ];
}

/** Whether a file reads the environment, as `process.env`. */
export function readsEnvironment({ nodes }: SourceFile): boolean {
  return nodes.some((node) => isMember(node, 'process', 'env'));
}

/** The names that are read as variables, and not as a property or the name of one. */
function usesOf(nodes: readonly Node[], names: ReadonlySet<string>): string[] {
  const others = new Set<unknown>(
    nodes.flatMap((node) => (node.computed === true ? [] : [node.property, node.key])),
  );
  return nodes.flatMap((node) =>
    node.type === 'Identifier' && names.has(String(node.name)) && !others.has(node)
      ? [String(node.name)]
      : [],
  );
}

function readsClock(node: Node): boolean {
  if (isCall(node, 'Date', 'now') || isCall(node, 'performance', 'now')) return true;
  const { type, callee, arguments: words } = node as Node & { callee?: Node; arguments?: Node[] };
  return type === 'NewExpression' && callee?.name === 'Date' && words?.length === 0;
}

function isCall(node: Node, object: string, property: string): boolean {
  return node.type === 'CallExpression' && isMember(node.callee as Node, object, property);
}

function isMember(node: Node, object: string, property: string): boolean {
  return (
    node.type === 'MemberExpression' &&
    (node.object as Node).name === object &&
    (node.property as Node).name === property
  );
}
