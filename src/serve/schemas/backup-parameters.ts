import * as v from 'valibot';
import { backupIdOf } from '../../repository/names.js';

export const backupId = v.pipe(
  v.string(),
  v.check((id) => backupIdOf(id) === id, 'must be the id of a backup'),
  v.description('the id of the backup'),
);
export const destination = v.optional(
  v.pipe(
    v.string(),
    v.maxLength(4096, 'is longer than 4096'),
    v.description('one of the destinations that the server was started with, by its text'),
  ),
);
