import type { Visitor } from './visitor.js';

/** A request that was answered. It has no query: that may name a user, or hold a token by mistake. */
export interface AnsweredRequest {
  requestId: string;
  address: string;
  method: string;
  path: string;
  /** The path of the route, as in its table; `undefined` if none was found. */
  route: string | undefined;
  status: number;
  ms: number;
  visitor: Visitor | undefined;
}
