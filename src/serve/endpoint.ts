import type { ServeContext } from './context.js';

/** What answers requests for a path. Any other method gets 405. */
export interface Endpoint {
  /** GET answers HEAD too. */
  method: 'GET' | 'POST';
  /** In the notation of Hono. */
  path: string;
  respond: (context: ServeContext) => Response | Promise<Response>;
}
