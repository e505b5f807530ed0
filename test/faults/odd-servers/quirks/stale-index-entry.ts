import { quirk } from '../quirk.js';

export default quirk({
  group: 'objects',
  what: 'goes on listing an object that is gone: HEAD and GET answer 404',
  seenOn: 'Ceph with a broken bucket index (which radosgw-admin bucket check finds)',
  tool: 'names it as one that failed: what is listed has not vanished',
  during: ['full', 'incremental'],
  server: ({ bucket }) => ({
    entries: (all, of) =>
      of === bucket && all[0] !== undefined ? [...all, { ...all[0], key: 'zzzz-ghost' }] : all,
  }),
  full: { status: 'partial', failed: { 'zzzz-ghost': { operation: 'GetObject', status: 404 } } },
  restore: { status: 'partial', failed: ['zzzz-ghost'] },
});
