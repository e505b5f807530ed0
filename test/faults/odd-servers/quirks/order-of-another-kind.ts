import { createHash } from 'node:crypto';
import { compareKeys } from '../../../../src/key-order.js';
import { quirk } from '../quirk.js';

function scrambled(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

export default quirk({
  group: 'listings',
  what: 'lists in the order of encrypted names, which looks random',
  seenOn:
    'Storj (roadmap issue 62), S3 Express directory buckets (aws-cli issue 8470), rclone serve s3 (pull request 9371)',
  tool: 'sorts the listing on disk first',
  server: () => ({
    entries: (all) => all.toSorted((a, b) => compareKeys(scrambled(a.key), scrambled(b.key))),
  }),
});
