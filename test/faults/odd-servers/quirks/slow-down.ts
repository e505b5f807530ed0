import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'answers each request twice with 503 SlowDown before it accepts it',
  seenOn: 'AWS, Wasabi, B2 and others under load',
  tool: 'waits, and tries again',
  server: () => {
    const asked = new Map<string, number>();
    return answering(
      ({ method, bucket, key, query }) => {
        const name = JSON.stringify([method, bucket, key, [...query]]);
        asked.set(name, (asked.get(name) ?? 0) + 1);
        return (asked.get(name) ?? 0) <= 2;
      },
      () => refusal(503, 'SlowDown'),
    );
  },
});
