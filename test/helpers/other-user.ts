import { readFileSync } from 'node:fs';

/** A user of the server of this run who may do what the policy of a bucket says, and nothing else. */
export interface OtherUser {
  name: string;
  accessKey: string;
  secretKey: string;
}

/** `undefined` where the server has none. */
export function otherUser(): OtherUser | undefined {
  const text = process.env.TEST_S3_OTHER_USER ?? 'null';
  return (JSON.parse(text) as OtherUser | null) ?? undefined;
}

/** The rights without which there is no append-only backup. */
export const APPEND_RIGHTS = [
  's3:ListBucket',
  's3:ListBucketMultipartUploads',
  's3:GetObject',
  's3:PutObject',
] as const;

interface Policy {
  Statement: { Effect: string; Principal: { AWS: string[] }; Action: string[] }[];
}

/** The policy in the manual, of this bucket and with the users of the server, without these rights. */
export function appendPolicy(
  bucket: string,
  { name }: OtherUser,
  denied: readonly string[] = [],
): Buffer {
  const manual = readFileSync(new URL('../../src/manual/security.md', import.meta.url), 'utf8');
  const text = /```json\n(.*?)```/s.exec(manual)?.[1] ?? '';
  const policy = JSON.parse(
    text
      .replaceAll(':::offsite', `:::${bucket}`)
      .replaceAll(/arn:aws:iam::\d+:user/g, 'arn:aws:iam:::user')
      .replaceAll('user/backup-host', `user/${name}`)
      // The user to whom the buckets of the tests belong.
      .replaceAll('user/backup-keeper', 'user/admin'),
  ) as Policy;
  for (const { Effect, Action } of policy.Statement) if (Effect === 'Deny') Action.push(...denied);
  return Buffer.from(JSON.stringify(policy));
}
