import { Transform } from 'node:stream';
import type { ObjectStore, OpenObject } from '../../src/object-store/port.js';

/** The same store, some of whose methods are others. */
export function interposed(store: ObjectStore, methods: Partial<ObjectStore>): ObjectStore {
  return {
    endpoint: store.endpoint,
    listBuckets: (options) => store.listBuckets(options),
    bucketExists: (bucket, options) => store.bucketExists(bucket, options),
    bucketRegion: (bucket, options) => store.bucketRegion(bucket, options),
    createBucket: (bucket, options) => store.createBucket(bucket, options),
    deleteBucket: (bucket, options) => store.deleteBucket(bucket, options),
    listPage: (bucket, options) => store.listPage(bucket, options),
    listObjects: (bucket, options) => store.listObjects(bucket, options),
    headObject: (bucket, key, options) => store.headObject(bucket, key, options),
    getObject: (bucket, key, options) => store.getObject(bucket, key, options),
    putObject: (bucket, key, content, options) => store.putObject(bucket, key, content, options),
    deleteObject: (bucket, key, options) => store.deleteObject(bucket, key, options),
    getObjectTags: (bucket, key, options) => store.getObjectTags(bucket, key, options),
    close: () => store.close(),
    ...methods,
  };
}

/** The object as opened, with one bit of its body flipped. */
export function withFlippedBit({ head, body }: OpenObject, offset: number): OpenObject {
  let passed = 0;
  const flip = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const copy = Buffer.from(chunk);
      const at = offset - passed;
      if (at >= 0 && at < copy.length) copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
      passed += chunk.length;
      done(null, copy);
    },
  });
  body.on('error', (error) => flip.destroy(error));
  return { head, body: body.pipe(flip) };
}
