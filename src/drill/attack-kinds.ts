/** What a ransom drill tries, in this order. Pure. */

export const ATTACK_KINDS = [
  'end_lock',
  'end_lock_bypass',
  'remove_lock',
  'remove_lock_bypass',
  'overwrite',
  'delete',
  'delete_version',
  'delete_version_bypass',
  'delete_in_bulk',
  'delete_in_bulk_bypass',
] as const;
export type AttackKind = (typeof ATTACK_KINDS)[number];

/** The names for people. `bypass`: with the header that bypasses locks in the mode GOVERNANCE. */
export const ATTACK_TEXTS: Readonly<Record<AttackKind, string>> = {
  end_lock: 'shorten the lock',
  end_lock_bypass: 'shorten it, with bypass',
  remove_lock: 'remove the lock',
  remove_lock_bypass: 'remove it, with bypass',
  overwrite: 'overwrite with noise',
  delete: 'delete',
  delete_version: 'delete the version',
  delete_version_bypass: 'delete it, with bypass',
  delete_in_bulk: 'delete the version in bulk',
  delete_in_bulk_bypass: 'the same, with bypass',
};
