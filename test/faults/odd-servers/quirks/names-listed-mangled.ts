import { quirk } from '../quirk.js';
import { plain } from '../content.js';

const KEY = 'zz-mangled';
const LISTED = 'zz-m\uFFFDngled';

export default quirk({
  group: 'objects',
  what: 'lists a name with a replaced character (U+FFFD), and has no object under that name',
  seenOn:
    'versitygw 1 with control characters in names, and servers that store names that are no UTF-8',
  tool: 'names the object as one that failed: it has not vanished',
  during: ['full'],
  objects: [plain(KEY)],
  server: ({ bucket }) => ({
    entries: (all, of) =>
      of === bucket
        ? all.map((entry) => (entry.key === KEY ? { ...entry, key: LISTED } : entry))
        : all,
  }),
  full: {
    status: 'partial',
    failed: { [LISTED]: { status: 404, reason: /lists the object but does not find it/ } },
  },
  beyond: [KEY],
});
