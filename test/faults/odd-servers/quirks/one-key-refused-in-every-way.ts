import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { asks } from '../ways.js';

const STATUSES: Record<string, number> = {
  'pages/14': 400,
  'pages/15': 402,
  'pages/16': 403,
  'pages/17': 405,
  'pages/18': 410,
  'pages/19': 422,
  'pages/20': 451,
  'pages/21': 501,
};

export default quirk({
  group: 'objects',
  what: 'refuses some objects with 400, 402, 403, 405, 410, 422, 451 or 501',
  seenOn:
    'each status on some server: quotas (402), policies (403), delete markers (405), legal reasons (451), gateways (501)',
  tool: 'names each object with status and code, and backs up the others',
  during: ['full', 'incremental'],
  server: ({ bucket }) => ({
    handle: (request, next) => {
      const status = STATUSES[request.key];
      return asks('GetObject', bucket)(request) && status !== undefined
        ? refusal(status, `Odd${status}`)
        : next(request);
    },
  }),
  full: {
    status: 'partial',
    failed: Object.fromEntries(
      Object.entries(STATUSES).map(([key, status]) => [
        key,
        { operation: 'GetObject', status, code: `Odd${status}` },
      ]),
    ),
  },
});
