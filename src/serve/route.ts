import type { GenericSchema, InferOutput } from 'valibot';
import type { Access, Visitor } from './visitor.js';

/** Parameters by name, with the schemas that read them. */
export type Fields = Readonly<Record<string, GenericSchema<string | undefined, unknown>>>;
export type Values<F extends Fields> = { [Name in keyof F]: InferOutput<F[Name]> };

/** A request that has been checked: the parameters are read, and the visitor may request the route. */
interface CheckedRequest<Params extends Fields, Query extends Fields> {
  params: Values<Params>;
  query: Values<Query>;
  visitor: Visitor;
  /** GET or POST, or HEAD, whose answer nobody reads the body of. */
  method: string;
  header: (name: string) => string | undefined;
  /** Aborted with a `ClientGone` when the client has gone. */
  signal: AbortSignal;
  /** Cuts the connection: the client sees that the answer is not whole. */
  cut: () => void;
}

/** An answer other than an error document. */
export interface AnswerSpec {
  description: string;
  /** The schema of the JSON document, if there is one. */
  schema?: GenericSchema;
  /** Types of content other than JSON. */
  types?: readonly string[];
  /** Headers that not every answer has, by name, with what they mean. */
  headers?: Readonly<Record<string, string>>;
}

interface RouteData {
  method: 'GET' | 'POST';
  /** A path in the notation of OpenAPI: `/api/billing/job/{jobId}`. */
  path: string;
  summary: string;
  access: Access;
  answers: Readonly<Record<number, AnswerSpec>>;
  /** Statuses of error documents, besides those that follow from the access and the parameters. */
  failures: readonly number[];
}

/** A route as its module writes it. */
export interface RouteSpec<Params extends Fields, Query extends Fields> extends RouteData {
  params: Params;
  query: Query;
  respond(request: CheckedRequest<Params, Query>): Promise<Response>;
}

/** Any route, as the server and the OpenAPI document see it. */
export interface Route extends RouteData {
  params: Fields;
  query: Fields;
  respond(request: CheckedRequest<Fields, Fields>): Promise<Response>;
}

/** Checks a route's types, then lets go of them: the server reads the values with its schemas. */
export function defineRoute<const Params extends Fields, const Query extends Fields>(
  spec: RouteSpec<Params, Query>,
): Route {
  return spec;
}
