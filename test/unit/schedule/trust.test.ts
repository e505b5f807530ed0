import { describe, expect, it } from 'vitest';
import { writableByOthers } from '../../../src/schedule/trust.js';

describe('a file that others can change', () => {
  it.each([
    [0o100644, 0, 0, undefined],
    [0o100644, 1000, 1000, undefined],
    // A group with the number of the user is the user's own.
    [0o100664, 1000, 1000, undefined],
    [0o100664, 1000, 50, 'group 50 may write to it'],
    [0o100664, 0, 50, 'group 50 may write to it'],
    [0o100666, 1000, 1000, 'everyone may write to it'],
    [0o040777, 0, 0, 'everyone may write to it'],
    [0o100644, 1001, 1000, 'it belongs to user 1001'],
    // As Kubernetes mounts a ConfigMap with fsGroup.
    [0o100440, 0, 2000, undefined],
  ])('%o of %i:%i', (mode, uid, gid, expected) => {
    expect(writableByOthers({ mode, uid, gid }, 1000)).toBe(expected);
  });
});
