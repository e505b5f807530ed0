import { readFileSync } from 'node:fs';

/**
 * The pages of the manual, with the line that lists of topics and man pages show. The text of each is
 * src/manual/NAME.md, which is part of the package.
 */
export const TOPICS = {
  recovery: 'what to type when objects, a bucket, the store or the data centre are lost',
  backup: 'full and incremental backups, the guard, retention, checks',
  restore: 'the plan, conflicts, other servers, the proof after a restore',
  doctor: 'what is checked, what each line means, and what fixes it',
  drill: 'prove that a recovery works, and measure its time and what would be lost',
  scale: 'one process, workers, a fleet of machines: when to use what, and what it costs',
  lines: 'several stores or selections of buckets in one destination',
  archive: 'the format of an archive, and how to read it without this program',
  billing: 'usage, costs, discounts, the audit, and the library for workers',
  jobs: 'list, watch and download jobs',
  schedule: 'the daemon that runs backups in place of cron',
  serve: 'the HTTP API and the dashboard: who may see what, and how to run it',
  settings: 'every setting, where it comes from, and its default',
  security: 'who can do what with which key, the rights that each task needs, hostile input',
  encryption: 'backups that only the holder of a key can read: age keys, recovery with age and tar',
  servers: 'how the program copes with what S3 servers do differently',
  'exit-codes': 'what each exit status means',
  json: 'JSON, CSV and exit statuses in scripts',
  speed: 'measured speed and memory',
  development: 'how the code is laid out, and how to extend it',
} as const satisfies Readonly<Record<string, string>>;

export type Topic = keyof typeof TOPICS;

export const TOPIC_NAMES = Object.keys(TOPICS) as Topic[];

export function isTopic(word: string | undefined): word is Topic {
  return word !== undefined && Object.hasOwn(TOPICS, word);
}

/** The Markdown of a page. The folder lies three levels up from here, in `src` and in `dist`. */
export function readPage(topic: Topic): string {
  return readFileSync(new URL(`../../../src/manual/${topic}.md`, import.meta.url), 'utf8');
}
