import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import type { Visitor } from './visitor.js';

/** What Hono carries through a request. */
export interface ServeEnv {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    clientAddress: string;
    visitor: Visitor | undefined;
    /** The path of the route, as in its table; `undefined` if none was found. */
    route: string | undefined;
  };
}
export type ServeContext = Context<ServeEnv>;
export type ServeApp = Hono<ServeEnv>;
