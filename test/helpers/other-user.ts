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

/** What a run that only adds objects needs, and may do. */
export const APPEND_RIGHTS = [
  's3:ListBucket',
  's3:ListBucketMultipartUploads',
  's3:GetBucketVersioning',
  's3:GetObject',
  's3:PutObject',
] as const;

/** What such a run must not need. */
const DELETIONS = ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:AbortMultipartUpload'];

/** A policy of a bucket that lets a user add objects, without the rights in `denied`. */
export function appendPolicy(
  bucket: string,
  { name }: OtherUser,
  denied: readonly string[] = [],
): Buffer {
  const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  const Principal = { AWS: [`arn:aws:iam:::user/${name}`] };
  // Objects belong to whoever put them: the owner of the bucket needs a right to read them.
  const owner = { AWS: ['arn:aws:iam:::user/admin'] };
  const statements = [
    { Effect: 'Allow', Principal: owner, Action: ['s3:*'], Resource },
    { Effect: 'Allow', Principal, Action: APPEND_RIGHTS, Resource },
    { Effect: 'Deny', Principal, Action: [...DELETIONS, ...denied], Resource },
  ];
  return Buffer.from(JSON.stringify({ Version: '2012-10-17', Statement: statements }));
}
