import { toJsonSchema } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';
import * as v from 'valibot';
import type { AnswerSpec, Fields, Route } from './route.js';

/** The document of every failure. */
const errorDocument = v.strictObject({ error: v.string(), code: v.string() });

const FAILURES: Readonly<Record<number, string>> = {
  400: 'a parameter is wrong, or the request cannot be read',
  401: 'credentials are missing, or not valid',
  403: 'the data of another user, another origin, or a host name that is not served here',
  404: 'there is none',
  408: 'the request did not come in time',
  409: 'it is already running, or in the way of something',
  413: 'the body, or an extension of a chunk of it, is too large',
  417: 'Expect is not 100-continue',
  429: 'too many failed logins, or too much of this work at the same time',
  431: 'the headers, or the address, are larger than 16 KiB',
  502: 'what is stored is damaged',
  503: 'Redis or the object store is unavailable',
};
/** Any request can end with these. */
const ALWAYS = [400, 401, 403, 408, 413, 417, 429, 431];

/** Returns the OpenAPI 3.1 document of the routes. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll('*}', '}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'MangaMotion', version },
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: schemaOf(errorDocument, 'output') },
    },
  };
}

function operationOf(route: Route): object {
  const failures = [...new Set([...route.failures, ...ALWAYS])].sort((a, b) => a - b);
  return {
    summary: route.summary,
    security: route.access === 'anyone' ? [{}, { bearer: [] }] : [{}, { bearer: [] }],
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')],
    responses: {
      ...Object.fromEntries(
        failures.map((status) => [
          status,
          {
            description: FAILURES[status] ?? 'it failed',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
          },
        ]),
      ),
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer)]),
      ),
    },
  };
}

function parametersOf(fields: Fields, place: 'path' | 'query'): object[] {
  return Object.entries(fields).map(([name, schema]) => {
    const { description, ...rest } = schemaOf(schema, 'input');
    return {
      ...{ name, in: place, required: place === 'path' || schema.type !== 'optional' },
      ...(description !== undefined && { description }),
      schema: rest,
    };
  });
}

function answerOf({ description, schema, types = [], headers = {} }: AnswerSpec): object {
  const ownHeaders = Object.entries(headers).map(([name, text]) => [
    name,
    { description: text, schema: { type: 'string' } },
  ]);
  const content = {
    ...(schema !== undefined && { 'application/json': { schema: schemaOf(schema, 'output') } }),
    ...Object.fromEntries(types.map((type) => [type, {}])),
  };
  return {
    description,
    ...(ownHeaders.length > 0 && { headers: Object.fromEntries(ownHeaders) as object }),
    content,
  };
}

function schemaOf(
  schema: GenericSchema,
  typeMode: 'input' | 'output',
): Readonly<Record<string, unknown>> {
  const converted = toJsonSchema(schema, {
    target: 'draft-2020-12',
    typeMode,
    // What JSON Schema cannot say, such as the days of the calendar, is checked all the same.
    errorMode: 'ignore',
    overrideSchema: ({ valibotSchema }) =>
      valibotSchema.type === 'bigint' ? { type: 'integer' } : undefined,
  });
  return Object.fromEntries(Object.entries(converted).filter(([name]) => name !== '$schema'));
}
