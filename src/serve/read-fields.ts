import { safeParse } from 'valibot';
import { badRequest } from './failure.js';
import type { Fields, Values } from './route.js';

/** Reads parameters of a path. Throws 400 for the first that is wrong. */
export function readParams<F extends Fields>(
  fields: F,
  textOf: (name: string) => string | undefined,
): Values<F> {
  return readAll(fields, (name) => textOf(name));
}

/**
 * Reads parameters of a query. Throws 400 for the first that is wrong or given twice: a proxy and this
 * server could read different ones. Names that the route does not know are ignored, as they always were.
 */
export function readQuery<F extends Fields>(fields: F, query: URLSearchParams): Values<F> {
  return readAll(fields, (name) => {
    const [text, second] = query.getAll(name);
    if (second !== undefined) throw badRequest(`${name} is given twice`);
    return text;
  });
}

function readAll<F extends Fields>(
  fields: F,
  textOf: (name: string) => string | undefined,
): Values<F> {
  const values = Object.entries(fields).map(([name, schema]) => {
    const read = safeParse(schema, textOf(name));
    if (read.success) return [name, read.output] as const;
    const [issue] = read.issues;
    throw badRequest(
      textOf(name) === undefined ? `${name} is missing` : `${name} ${issue.message}`,
    );
  });
  return Object.fromEntries(values) as Values<F>;
}
