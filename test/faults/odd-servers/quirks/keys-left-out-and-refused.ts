import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

const HIDDEN = ['pages/14', 'pages/15'];

export default quirk({
  group: 'listings',
  what: 'leaves keys out of its listings, and refuses to say by HEAD whether they are there',
  seenOn: 'RustFS 2026 (issues 3217, 2933: HEAD 403 for objects that can be read)',
  tool: 'keeps what is not proven gone, and says so',
  during: ['incremental', 'again'],
  server: ({ bucket }) => ({
    entries: (all) => all.filter(({ key }) => !HIDDEN.includes(key)),
    ...answering(asks('HeadObject', bucket, ...HIDDEN), () => refusal(403, 'AccessDenied')),
  }),
  incremental: { status: 'partial', failed: 'any', held: HIDDEN },
  again: { status: 'partial', failed: 'any', held: HIDDEN },
});
