import { quirk } from '../quirk.js';

export default quirk({
  group: 'objects',
  what: 'still lists an object that is gone: HEAD and GET answer 404',
  seenOn: 'Ceph with a broken bucket index (which radosgw-admin bucket check finds)',
  tool: 'counts it as failed, because what is listed has not vanished, and names it',
  during: ['full', 'incremental'],
  server: ({ bucket }) => ({
    entries: (all, of) =>
      of === bucket && all[0] !== undefined ? [...all, { ...all[0], key: 'zzzz-ghost' }] : all,
  }),
  full: { status: 'partial', failed: { 'zzzz-ghost': { operation: 'GetObject', status: 404 } } },
});
